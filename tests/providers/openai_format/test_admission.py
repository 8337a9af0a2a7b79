"""Requests that fit their schema and are refused all the same."""

import pytest

from contract.model.chat import (
    Message,
    Options,
    Probe,
    Text,
    Thinking,
    ToolCall,
)
from contract.model.probes import WEATHER
from contract.model.rejection import RejectionReason
from contract.providers.openai_format import admission

CALL = ToolCall("abcdefghi", "get_weather", "{}")
OTHER = ToolCall("ihgfedcba", "get_weather", "{}")
USER = Message("user", "Hi")
SYSTEM = Message("system", "Be kind.")
SAYS = Message("assistant", "Hello")
CALLS = Message("assistant", None, (CALL,))
RESULT = Message("tool", "sunny", tool_call_id="abcdefghi")


def talk(*messages, **options):
    return Probe(name="talk", messages=messages, options=Options(**options))


PREFIX = Message("assistant", "Well", prefix=True)
CASES = [
    (admission.order, talk(SYSTEM, USER, SAYS, USER), None),
    (admission.order, talk(USER, USER), None),
    (admission.order, talk(USER, CALLS, RESULT, SAYS, USER), None),
    (admission.order, talk(), RejectionReason.ORDER),
    (admission.order, talk(SAYS, USER), RejectionReason.ORDER),
    (admission.order, talk(RESULT), RejectionReason.ORDER),
    (admission.order, talk(USER, RESULT), RejectionReason.ORDER),
    (admission.order, talk(USER, SAYS, SYSTEM), RejectionReason.ORDER),
    (admission.order, talk(USER, PREFIX, USER), RejectionReason.ORDER),
    (
        admission.order,
        talk(USER, Message("assistant", ""), USER),
        RejectionReason.ORDER,
    ),
    (
        admission.no_user_after_tool,
        talk(USER, CALLS, RESULT, USER),
        RejectionReason.ORDER,
    ),
    (admission.no_user_after_tool, talk(USER, CALLS, RESULT, SAYS, USER), None),
    (admission.last_is_asking, talk(USER), None),
    (admission.last_is_asking, talk(USER, CALLS, RESULT), None),
    (admission.last_is_asking, talk(USER, PREFIX), None),
    (admission.last_is_asking, talk(USER, SAYS), RejectionReason.ORDER),
    (admission.last_is_asking, talk(SYSTEM), RejectionReason.ORDER),
    (admission.last_is_not_assistant, talk(SYSTEM), None),
    (admission.last_is_not_assistant, talk(USER, PREFIX), None),
    (admission.last_is_not_assistant, talk(USER, SAYS), RejectionReason.ORDER),
    (admission.tool_results, talk(USER, CALLS, RESULT), None),
    (admission.tool_results, talk(USER, CALLS, RESULT, RESULT), RejectionReason.TOOL),
    (admission.tool_results, talk(USER, CALLS, SAYS, USER), RejectionReason.TOOL),
    (admission.tool_results, talk(USER, CALLS), None),
    (admission.tool_results, talk(USER, CALLS, USER), RejectionReason.TOOL),
    (
        admission.tool_results,
        talk(USER, Message("assistant", None, (CALL, OTHER)), RESULT),
        RejectionReason.TOOL,
    ),
    (
        admission.tool_results,
        talk(USER, Message("assistant", None, (CALL, CALL)), RESULT),
        RejectionReason.TOOL,
    ),
    (
        admission.tool_results,
        talk(USER, CALLS, Message("tool", "x", tool_call_id="other")),
        RejectionReason.TOOL,
    ),
    (admission.orphans, talk(USER, CALLS, RESULT), None),
    (admission.orphans, talk(RESULT), RejectionReason.TOOL),
    (admission.forced_tool, talk(USER, tools=(WEATHER,), tool_choice="auto"), None),
    (
        admission.forced_tool,
        talk(USER, tools=(WEATHER,), tool_choice="=get_weather"),
        None,
    ),
    (
        admission.forced_tool,
        talk(USER, tools=(WEATHER,), tool_choice="=other"),
        RejectionReason.TOOL_CHOICE,
    ),
    (
        admission.forced_tool,
        talk(USER, tool_choice="required"),
        RejectionReason.TOOL_CHOICE,
    ),
    (admission.choice_needs_tools, talk(USER, tool_choice="none"), None),
    (
        admission.choice_needs_tools,
        talk(USER, tool_choice="auto"),
        RejectionReason.TOOL_CHOICE,
    ),
    (admission.successors, talk(USER, reasoning_effort="high"), None),
    (
        admission.successors,
        talk(USER, reasoning_effort="low"),
        RejectionReason.UNSUPPORTED,
    ),
    (
        admission.successors,
        talk(USER, prompt_mode="reasoning"),
        RejectionReason.UNSUPPORTED,
    ),
    (
        admission.successors,
        talk(Message("system", (Text("a"), Thinking("b"))), USER),
        RejectionReason.UNSUPPORTED,
    ),
    (admission.one_greedy, talk(USER, n=2), None),
    (
        admission.one_greedy,
        talk(USER, n=2, temperature=0.0),
        RejectionReason.UNSUPPORTED,
    ),
    (admission.two_slots, talk(USER, n=2), None),
    (admission.two_slots, talk(USER, n=3), RejectionReason.UNSUPPORTED),
]


@pytest.mark.parametrize(("judge", "probe", "trouble"), CASES)
def test_judge_refuses_what_it_should_and_nothing_else(judge, probe, trouble):
    problem = judge(probe, {})

    assert trouble == (problem.reason if problem else None)
    assert problem is None or problem.message


@pytest.mark.parametrize(
    ("judge", "body", "refused"),
    [
        (admission.stream_options, {"stream_options": {}}, True),
        (admission.stream_options, {"stream_options": {}, "stream": True}, False),
        (admission.stream_options, {"stream_options": None}, False),
        (admission.successors, {"logprobs": True}, True),
        (admission.successors, {"logprobs": False}, False),
        (admission.successors, {"top_logprobs": 2}, True),
    ],
)
def test_judge_reads_fields_that_a_probe_does_not_have(judge, body, refused):
    assert refused is (judge(talk(USER), body) is not None)
