"""Verdicts on forced calls that the model would not make by itself."""

from dataclasses import replace

import pytest
from support.each import each
from support.rehearsal import mock_reply, rehearsed_verdict

from contract.catalog.profiles import builtin
from contract.checks.tools import forced
from contract.checks.tools.calls import has_calls
from contract.checks.tools.forced import GREETED, GREETED_WHOLE

PROFILES = builtin()


@each("name", [name for name, one in PROFILES.items() if forced.FORCED <= one.offers])
def test_the_mock_calls_a_tool_for_a_greeting_only_if_forced(name):
    profile = PROFILES[name]
    auto = replace(
        GREETED_WHOLE, options=replace(GREETED_WHOLE.options, tool_choice="auto")
    )

    assert has_calls(mock_reply(profile, GREETED))
    assert has_calls(mock_reply(profile, GREETED_WHOLE))
    assert not has_calls(mock_reply(profile, auto))


@pytest.mark.parametrize("name", ["mistral-2025-10", "vllm-0.32", "llamacpp"])
def test_an_answer_in_place_of_the_forced_call_is_found(name):
    verdict = rehearsed_verdict(
        forced.required_forces_a_call, PROFILES[name], forced.required_left_to_the_model
    )

    assert [one.actual for one in verdict.findings] == ["Good morning!"] * 2
