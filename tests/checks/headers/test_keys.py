"""A key opens the door in one way only."""

from __future__ import annotations

import pytest
from rehearsal import judged

from contract.checks.headers import keys


@pytest.mark.parametrize(
    ("status", "lower", "others"),
    [(200, "pass", "fail"), (401, "fail", "pass"), (400, "fail", "pass")],
)
def test_the_door_opens_for_a_scheme_in_any_case_and_nothing_else(
    answer, status, lower, others
):
    assert (
        lower == judged(keys.bearer_in_lower_case, answer(keys.LOWER_CASE, status)).word
    )
    for check, probe in (
        (keys.key_without_scheme, keys.NO_SCHEME),
        (keys.key_as_password, keys.PASSWORD),
        (keys.key_in_address, keys.IN_ADDRESS),
    ):
        assert others == judged(check, answer(probe, status)).word


def test_a_key_that_did_not_travel_in_the_address_proves_nothing(answer):
    seen = answer(keys.IN_ADDRESS, 401, key=None)

    assert "skip" == judged(keys.key_in_address, seen).word


@pytest.mark.parametrize("status", [404, 500])
def test_another_refusal_is_no_refusal_of_the_key(answer, status):
    seen = answer(keys.PASSWORD, status)

    assert "fail" == judged(keys.key_as_password, seen).word
