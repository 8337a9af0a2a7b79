from __future__ import annotations

import pytest

from contract.checks.schema import identity
from contract.model.check import NotApplicable


def test_equal_ids_are_found(answered):
    one, other = answered(number=1), answered(number=2)

    assert [] == list(identity.ids_are_unique.judge(one, other))
    assert 1 == len(list(identity.ids_are_unique.judge(one, one)))


def test_missing_ids_are_not_applicable(answered):
    with pytest.raises(NotApplicable):
        list(identity.ids_are_unique.judge(answered(body=b"{}"), answered(body=b"[]")))


def test_equal_correlation_ids_are_found(answered):
    three = [answered(number=n) for n in range(3)]

    assert [] == list(identity.correlation_id.judge(*three))
    assert ["two responses share a correlation id"] * 2 == [
        f.message for f in identity.correlation_id.judge(three[0], three[0], three[0])
    ]


@pytest.mark.parametrize("name", identity.CORRELATION)
def test_correlation_id_is_read_from_any_of_its_headers(name, answered):
    seen = [
        answered(headers=dict.fromkeys(identity.CORRELATION) | {name: f"id-{n}"})
        for n in range(2)
    ]

    assert [] == list(identity.correlation_id.judge(*seen))


@pytest.mark.parametrize("value", [None, ""])
def test_missing_correlation_id_is_found(value, answered):
    seen = answered(headers=dict.fromkeys(identity.CORRELATION, value))

    (found,) = identity.correlation_id.judge(seen)

    assert found.message == "the response has no correlation id"
