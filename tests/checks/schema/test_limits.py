from __future__ import annotations

import pytest

from contract.checks.schema import limits

LIMIT, REMAINING = limits.RATES[0]


def test_stated_limits_and_cost_pass(answered):
    assert [] == list(limits.rate_limit_headers.judge(answered()))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({LIMIT: None}, id="no-limit"),
        pytest.param({REMAINING: None}, id="no-remaining"),
        pytest.param(
            {LIMIT: "10", REMAINING: "11"}, id="more-remaining-than-the-limit"
        ),
        pytest.param({REMAINING: "-1"}, id="negative"),
        pytest.param({REMAINING: "many"}, id="word"),
        pytest.param({LIMIT: "9" * 5000}, id="too-long"),
    ],
)
def test_invalid_rate_limit_is_found(headers, answered):
    (found,) = limits.rate_limit_headers.judge(answered(headers=headers))

    assert found.message == "missing or invalid rate limit headers"


@pytest.mark.parametrize("cost", [None, "1", "", "1.5"])
def test_cost_that_is_not_the_total_is_found(cost, answered):
    (found,) = limits.rate_limit_headers.judge(answered(headers={limits.COST: cost}))

    assert found.message == "the cost is not the total number of tokens"
