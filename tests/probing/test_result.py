from __future__ import annotations

import json

import pytest
from support.hostile import HOSTILE, obeyed

from contract.model.redaction import SECRETS
from contract.probing.result import ProbeResult, State

UNDECIDED = {
    *("unauthorised", "rate-limited", "unreachable", "slow", "unrecognised"),
    "window-unknown",
}


def result(state=State.GIBBERISH, message="one character repeats", **more):
    return ProbeResult(state=state, message=message, url="http://h", **more)


@pytest.mark.parametrize("state", State)
def test_each_state_has_its_exit_code(state):
    expected = 0 if state is State.READY else 3 if state in UNDECIDED else 1

    assert state.exit_code == result(state).exit_code == expected
    assert result(state).ready is (expected == 0)


def test_the_line_has_the_verdict_the_state_and_the_cost():
    found = result(model="m", profile="vllm-0.32", window=8192, requests=3, ttft=0.25)

    assert found.line == (
        "not ready (gibberish): http://h [m, vllm-0.32, window 8192]: one character "
        "repeats; 3 requests in 0.00 s, first text after 0.25 s"
    )


def test_a_ready_one_names_no_state_twice():
    assert result(State.READY, "answered", requests=1).line == (
        "ready: http://h: answered; 1 request in 0.00 s"
    )


def test_hostile_text_stays_on_one_line_and_secrets_are_masked():
    with SECRETS.scope():
        SECRETS.register("sk-very-secret-1")
        found = result(message=f"{HOSTILE} sk-very-secret-1 " + "x" * 5_000)

        assert found.line.splitlines() == [found.line]
        assert obeyed(found.line) == []
        assert "sk-very-secret-1" not in found.line + json.dumps(found.json)
        assert len(found.line) < 2_000
        assert len(result(model="m" * 10_000).line) < 300


def test_the_json_has_one_format():
    found = json.loads(json.dumps(result(State.SLOW, ttft=0.1234567).json))

    assert found == {
        "format": "probe-v1",
        "state": "slow",
        "ready": False,
        "exit_code": 3,
        "message": "one character repeats",
        "url": "http://h",
        "profile": None,
        "why": None,
        "model": None,
        "window": None,
        "question": None,
        "requests": 0,
        "seconds": 0.0,
        "ttft": 0.123,
    }
