"""Bounds that users write on the command line."""

from __future__ import annotations

import pytest

from contract.cli.budgets import (
    NAMES,
    bounds,
    window,
)
from contract.errors import UsageError


def test_bounds_are_durations_and_a_rate():
    expected = {"ttft": 1.5, "icl_p95": 0.08, "tokens_per_second": 20.0}

    assert expected == bounds(["ttft=1.5s", "icl_p95=80ms", "tokens_per_second=20"])
    assert {"ttft": 2.0} == bounds(["ttft=1s", "ttft=2"])
    assert {} == bounds([])


@pytest.mark.parametrize(
    ("pair", "sentence"),
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
def test_what_is_no_bound_is_refused_in_a_sentence(pair, sentence):
    with pytest.raises(UsageError) as error:
        bounds([pair])

    assert sentence in str(error.value)


def test_every_bound_of_a_profile_can_be_given():
    assert set(NAMES) == set(bounds([f"{name}=1" for name in NAMES]))


@pytest.mark.parametrize(
    ("text", "expected"), [("8192", 8_192), ("2", 2), (None, None)]
)
def test_a_window_is_a_number_of_tokens(text, expected):
    assert expected == window(text)


@pytest.mark.parametrize("text", ["", "1", "8k", "-5", "\u0664\u0664"])
def test_other_windows_are_refused(text):
    with pytest.raises(UsageError, match="tokens from 2"):
        window(text)
