"""What a program gives a run is validated in one sentence."""

from __future__ import annotations

import pytest

import contract
from contract.model.profile import MOST_WINDOW
from contract.run.arguments import (
    ensure_budget,
    ensure_headers,
    ensure_offers,
    ensure_whole,
)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"concurrency": 0}, "concurrency must be", id="none-at-a-time"),
        pytest.param({"max_requests": -1}, "above 0, not -1", id="negative"),
        pytest.param({"context_window": 4096.0}, "not 4096.0", id="no-whole-number"),
        pytest.param({"context_window": 2**40}, "from 1 to 2097152", id="window"),
        pytest.param({"max_examples": True}, "not True", id="truth"),
        pytest.param({"budget": {"tfft": 1}}, "Did you mean 'ttft'", id="name"),
        pytest.param({"budget": {"ttft": -1}}, "ttft must be a number", id="below-0"),
        pytest.param({"budget": {"ttft": "80ms"}}, "not '80ms'", id="text"),
        pytest.param({"budget": "ttft=1"}, "must be a mapping", id="no-mapping"),
        pytest.param({"offers": ["strem"]}, "Did you mean 'streaming'", id="offer"),
        pytest.param({"headers": "X: sk-secret"}, "texts by name", id="headers"),
        pytest.param({"headers": {"X": 7}}, "texts by name", id="header-value"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(arguments, words):
    with pytest.raises(contract.UsageError, match=words) as caught:
        contract.verify("http://127.0.0.1:9", **arguments)

    assert "secret" not in str(caught.value)


def test_sound_arguments_are_taken():
    ensure_whole(context_window=MOST_WINDOW, concurrency=None, max_requests=10**9)
    ensure_budget({"ttft": 1, "tokens_per_second": 20.5})
    ensure_budget(None)
    ensure_offers([contract.Capability.VISION, "streaming"])
    ensure_headers({"X-Tenant": "blue"})
    ensure_headers(None)
