"""Requests that fit their schema and are refused all the same."""

import pytest

from contract.chat import Message, Options, Probe, Text, Thinking, ToolCall
from contract.dialects.base import Trouble
from contract.probes import WEATHER
from contract.server import judges

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
    (judges.order, talk(SYSTEM, USER, SAYS, USER), None),
    (judges.order, talk(USER, USER), None),
    (judges.order, talk(USER, CALLS, RESULT, SAYS, USER), None),
    (judges.order, talk(), Trouble.ORDER),
    (judges.order, talk(SAYS, USER), Trouble.ORDER),
    (judges.order, talk(RESULT), Trouble.ORDER),
    (judges.order, talk(USER, RESULT), Trouble.ORDER),
    (judges.order, talk(USER, SAYS, SYSTEM), Trouble.ORDER),
    (judges.order, talk(USER, PREFIX, USER), Trouble.ORDER),
    (judges.order, talk(USER, Message("assistant", ""), USER), Trouble.ORDER),
    (judges.no_user_after_tool, talk(USER, CALLS, RESULT, USER), Trouble.ORDER),
    (judges.no_user_after_tool, talk(USER, CALLS, RESULT, SAYS, USER), None),
    (judges.last_is_asking, talk(USER), None),
    (judges.last_is_asking, talk(USER, CALLS, RESULT), None),
    (judges.last_is_asking, talk(USER, PREFIX), None),
    (judges.last_is_asking, talk(USER, SAYS), Trouble.ORDER),
    (judges.last_is_asking, talk(SYSTEM), Trouble.ORDER),
    (judges.last_is_not_assistant, talk(SYSTEM), None),
    (judges.last_is_not_assistant, talk(USER, PREFIX), None),
    (judges.last_is_not_assistant, talk(USER, SAYS), Trouble.ORDER),
    (judges.tool_results, talk(USER, CALLS, RESULT), None),
    (judges.tool_results, talk(USER, CALLS, RESULT, RESULT), Trouble.TOOL),
    (judges.tool_results, talk(USER, CALLS, SAYS, USER), Trouble.TOOL),
    (judges.tool_results, talk(USER, CALLS), None),
    (judges.tool_results, talk(USER, CALLS, USER), Trouble.TOOL),
    (
        judges.tool_results,
        talk(USER, Message("assistant", None, (CALL, OTHER)), RESULT),
        Trouble.TOOL,
    ),
    (
        judges.tool_results,
        talk(USER, Message("assistant", None, (CALL, CALL)), RESULT),
        Trouble.TOOL,
    ),
    (
        judges.tool_results,
        talk(USER, CALLS, Message("tool", "x", tool_call_id="other")),
        Trouble.TOOL,
    ),
    (judges.orphans, talk(USER, CALLS, RESULT), None),
    (judges.orphans, talk(RESULT), Trouble.TOOL),
    (judges.forced_tool, talk(USER, tools=(WEATHER,), tool_choice="auto"), None),
    (
        judges.forced_tool,
        talk(USER, tools=(WEATHER,), tool_choice="=get_weather"),
        None,
    ),
    (
        judges.forced_tool,
        talk(USER, tools=(WEATHER,), tool_choice="=other"),
        Trouble.TOOL_CHOICE,
    ),
    (judges.forced_tool, talk(USER, tool_choice="required"), Trouble.TOOL_CHOICE),
    (judges.choice_needs_tools, talk(USER, tool_choice="none"), None),
    (judges.choice_needs_tools, talk(USER, tool_choice="auto"), Trouble.TOOL_CHOICE),
    (judges.successors, talk(USER, reasoning_effort="high"), None),
    (judges.successors, talk(USER, reasoning_effort="low"), Trouble.UNSUPPORTED),
    (judges.successors, talk(USER, prompt_mode="reasoning"), Trouble.UNSUPPORTED),
    (
        judges.successors,
        talk(Message("system", (Text("a"), Thinking("b"))), USER),
        Trouble.UNSUPPORTED,
    ),
    (judges.one_greedy, talk(USER, n=2), None),
    (judges.one_greedy, talk(USER, n=2, temperature=0.0), Trouble.UNSUPPORTED),
    (judges.two_slots, talk(USER, n=2), None),
    (judges.two_slots, talk(USER, n=3), Trouble.UNSUPPORTED),
]


@pytest.mark.parametrize(("judge", "probe", "trouble"), CASES)
def test_judge_refuses_what_it_should_and_nothing_else(judge, probe, trouble):
    problem = judge(probe, {})

    assert trouble == (problem.trouble if problem else None)
    assert problem is None or problem.message


@pytest.mark.parametrize(
    ("judge", "body", "refused"),
    [
        (judges.stream_options, {"stream_options": {}}, True),
        (judges.stream_options, {"stream_options": {}, "stream": True}, False),
        (judges.stream_options, {"stream_options": None}, False),
        (judges.successors, {"logprobs": True}, True),
        (judges.successors, {"logprobs": False}, False),
        (judges.successors, {"top_logprobs": 2}, True),
    ],
)
def test_judge_reads_fields_that_a_probe_does_not_have(judge, body, refused):
    assert refused is (judge(talk(USER), body) is not None)
