from __future__ import annotations

import pytest

from contract.checks.schema import identity
from contract.model.check import NotApplicable


def test_two_responses_have_two_ids(answered):
    one, other = answered(number=1), answered(number=2)

    assert [] == list(identity.ids_are_unique.judge(one, other))
    assert 1 == len(list(identity.ids_are_unique.judge(one, one)))


def test_missing_ids_are_not_compared(answered):
    with pytest.raises(NotApplicable):
        list(identity.ids_are_unique.judge(answered(), answered(body=b"{}")))


def test_correlation_ids_differ(answered):
    three = [answered(number=n) for n in range(3)]

    assert [] == list(identity.correlation_id.judge(*three))
    assert ["two responses share a correlation id"] * 2 == [
        f.message for f in identity.correlation_id.judge(three[0], three[0], three[0])
    ]


@pytest.mark.parametrize("name", identity.CORRELATION)
def test_correlation_id_has_several_names(name, answered):
    seen = [
        answered(headers=dict.fromkeys(identity.CORRELATION) | {name: f"id-{n}"})
        for n in range(2)
    ]

    assert [] == list(identity.correlation_id.judge(*seen))


@pytest.mark.parametrize("value", [None, ""])
def test_missing_correlation_id_is_found(value, answered):
    seen = answered(headers=dict.fromkeys(identity.CORRELATION, value))

    (found,) = identity.correlation_id.judge(seen)

    assert found.message == "no correlation id"
