"""API key checks: accepted and rejected ways to send a key."""

from __future__ import annotations

import pytest
from support.rehearsal import verdict_on

from contract.checks.headers import keys


@pytest.mark.parametrize(
    ("status", "lower", "others"),
    [(200, "pass", "fail"), (401, "fail", "pass"), (400, "fail", "pass")],
)
def test_only_the_bearer_scheme_is_accepted_in_any_case(answer, status, lower, others):
    assert (
        lower
        == verdict_on(keys.bearer_in_lower_case, answer(keys.LOWER_CASE, status)).word
    )
    for check, probe in (
        (keys.key_without_scheme, keys.NO_SCHEME),
        (keys.key_as_password, keys.AS_PASSWORD),
        (keys.key_in_address, keys.IN_URL),
    ):
        assert others == verdict_on(check, answer(probe, status)).word


def test_a_url_without_the_key_is_skipped(answer):
    exchange = answer(keys.IN_URL, 401, key=None)

    assert "skip" == verdict_on(keys.key_in_address, exchange).word


@pytest.mark.parametrize("status", [404, 500])
def test_a_rejection_for_another_reason_is_a_finding(answer, status):
    exchange = answer(keys.AS_PASSWORD, status)

    assert "fail" == verdict_on(keys.key_as_password, exchange).word
