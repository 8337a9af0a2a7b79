"""Budgets and context windows given on the command line."""

from __future__ import annotations

import pytest

from contract.cli.budgets import NAMES, bounds, retry_budget, window
from contract.client.timeouts import RETRY_BUDGET
from contract.errors import UsageError


def test_bounds_are_durations_or_rates():
    expected = {"ttft": 1.5, "icl_p95": 0.08, "tokens_per_second": 20.0}

    assert expected == bounds(["ttft=1.5s", "icl_p95=80ms", "tokens_per_second=20"])
    assert {"ttft": 2.0} == bounds(["ttft=1s", "ttft=2"])
    assert {} == bounds([])


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        pytest.param(
            "tfft=1s", "Unknown budget 'tfft'. Did you mean 'ttft'", id="name"
        ),
        pytest.param("ttft", "ttft must be a duration", id="no-bound"),
        pytest.param("ttft=soon", "ttft must be a duration", id="word"),
        pytest.param("ttft=0", "ttft must be above 0", id="zero"),
        pytest.param("tokens_per_second=x", "must be a number such as 20", id="rate"),
        pytest.param("tokens_per_second=-1", "must be above 0", id="negative"),
    ],
)
def test_an_invalid_bound_is_a_usage_error(pair, message):
    with pytest.raises(UsageError) as error:
        bounds([pair])

    assert message in str(error.value)


def test_every_bound_of_a_profile_can_be_set():
    assert set(NAMES) == set(bounds([f"{name}=1" for name in NAMES]))


@pytest.mark.parametrize(
    ("text", "expected"), [("8192", 8_192), ("2", 2), (None, None)]
)
def test_a_window_is_a_number_of_tokens(text, expected):
    assert expected == window(text)


@pytest.mark.parametrize(
    "text", ["", "1", "8k", "-5", "\u0664\u0664", "2097153", "9" * 9_000]
)
def test_an_invalid_window_is_a_usage_error(text):
    with pytest.raises(UsageError, match="tokens from 2"):
        window(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90.0), ("1.5s", 1.5), ("0", 0.0), (None, RETRY_BUDGET)],
)
def test_a_retry_budget_is_a_duration(text, seconds):
    assert seconds == retry_budget(text)


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "90000"])
def test_an_invalid_retry_budget_is_a_usage_error(text):
    with pytest.raises(UsageError, match="The retry budget must be a duration"):
        retry_budget(text)
