"""Tests of the checks of finish reasons of calls."""

import pytest

from contract.checks.tools import finish


@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
def test_a_named_call_may_finish_either_way(reason, verdict):
    def change(reply):
        return finish.replace_finish_reason(reply, finish.TOOL_CALLS_OR_STOP, reason)

    assert verdict(finish.named_call_finishes, change).word == "pass"


@pytest.mark.parametrize("reason", ["eos_token", None])
def test_an_unknown_finish_reason_is_not_judged(reason, verdict):
    def change(reply):
        known = finish.TOOL_CALLS_OR_STOP | {"length"}
        return finish.replace_finish_reason(reply, known, reason)

    assert verdict(finish.call_finishes_as_tool_calls, change).word == "skip"
    assert verdict(finish.cut_call_finishes_with_length, change).word == "skip"


def test_an_incomplete_call_with_finish_reason_tool_calls_is_found(verdict):
    fault = finish.cut_call_called_finished.apply

    (found, *_) = verdict(finish.cut_call_finishes_with_length, fault).findings

    assert found.expected == "finish reason length"
    assert "city" in found.actual
