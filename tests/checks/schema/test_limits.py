from __future__ import annotations

import pytest

from contract.checks.schema import limits

LIMIT, LEFT = limits.RATES[0]


def test_limits_and_cost_are_told(answered):
    assert [] == list(limits.rate_limit_headers.judge(answered()))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({LIMIT: None}, id="no-limit"),
        pytest.param({LEFT: None}, id="no-rest"),
        pytest.param({LIMIT: "10", LEFT: "11"}, id="more-left-than-there-was"),
        pytest.param({LEFT: "-1"}, id="negative"),
        pytest.param({LEFT: "many"}, id="word"),
        pytest.param({LIMIT: "9" * 5000}, id="endless"),
    ],
)
def test_unreadable_limit_is_found(headers, answered):
    (found,) = limits.rate_limit_headers.judge(answered(headers=headers))

    assert found.message == "a rate limit cannot be read"


@pytest.mark.parametrize("cost", [None, "1", "", "1.5"])
def test_cost_that_is_not_the_total_is_found(cost, answered):
    (found,) = limits.rate_limit_headers.judge(answered(headers={limits.COST: cost}))

    assert found.message == "the cost is not the total of tokens"
