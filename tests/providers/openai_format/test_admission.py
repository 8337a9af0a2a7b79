"""Admission rules reject requests that match their schema."""

import pytest

from contract.model.chat import Message, Options, Text, Thinking, ToolCall
from contract.model.probe import Probe
from contract.model.probes import WEATHER
from contract.model.rejection import RejectionReason
from contract.providers.openai_format import admission

CALL = ToolCall("abcdefghi", "get_weather", "{}")
OTHER = ToolCall("ihgfedcba", "get_weather", "{}")
USER = Message("user", "Hi")
SYSTEM = Message("system", "Be kind.")
ANSWER = Message("assistant", "Hello")
CALLS = Message("assistant", None, (CALL,))
RESULT = Message("tool", "sunny", tool_call_id="abcdefghi")


def conversation(*messages, **options):
    return Probe(name="conversation", messages=messages, options=Options(**options))


PREFIX = Message("assistant", "Well", prefix=True)
CASES = [
    (admission.message_order, conversation(SYSTEM, USER, ANSWER, USER), None),
    (admission.message_order, conversation(USER, USER), None),
    (admission.message_order, conversation(USER, CALLS, RESULT, ANSWER, USER), None),
    (admission.message_order, conversation(), RejectionReason.ORDER),
    (admission.message_order, conversation(ANSWER, USER), RejectionReason.ORDER),
    (admission.message_order, conversation(RESULT), RejectionReason.ORDER),
    (admission.message_order, conversation(USER, RESULT), RejectionReason.ORDER),
    (
        admission.message_order,
        conversation(USER, ANSWER, SYSTEM),
        RejectionReason.ORDER,
    ),
    (admission.message_order, conversation(USER, PREFIX, USER), RejectionReason.ORDER),
    (
        admission.message_order,
        conversation(USER, Message("assistant", ""), USER),
        RejectionReason.ORDER,
    ),
    (
        admission.no_user_after_tool,
        conversation(USER, CALLS, RESULT, USER),
        RejectionReason.ORDER,
    ),
    (
        admission.no_user_after_tool,
        conversation(USER, CALLS, RESULT, ANSWER, USER),
        None,
    ),
    (admission.last_message_awaits_answer, conversation(USER), None),
    (admission.last_message_awaits_answer, conversation(USER, CALLS, RESULT), None),
    (admission.last_message_awaits_answer, conversation(USER, PREFIX), None),
    (
        admission.last_message_awaits_answer,
        conversation(USER, ANSWER),
        RejectionReason.ORDER,
    ),
    (admission.last_message_awaits_answer, conversation(SYSTEM), RejectionReason.ORDER),
    (admission.last_message_is_not_answer, conversation(SYSTEM), None),
    (admission.last_message_is_not_answer, conversation(USER, PREFIX), None),
    (
        admission.last_message_is_not_answer,
        conversation(USER, ANSWER),
        RejectionReason.ORDER,
    ),
    (admission.matching_tool_results, conversation(USER, CALLS, RESULT), None),
    (
        admission.matching_tool_results,
        conversation(USER, CALLS, RESULT, RESULT),
        RejectionReason.TOOL,
    ),
    (
        admission.matching_tool_results,
        conversation(USER, CALLS, ANSWER, USER),
        RejectionReason.TOOL,
    ),
    (admission.matching_tool_results, conversation(USER, CALLS), None),
    (
        admission.matching_tool_results,
        conversation(USER, CALLS, USER),
        RejectionReason.TOOL,
    ),
    (
        admission.matching_tool_results,
        conversation(USER, Message("assistant", None, (CALL, OTHER)), RESULT),
        RejectionReason.TOOL,
    ),
    (
        admission.matching_tool_results,
        conversation(USER, Message("assistant", None, (CALL, CALL)), RESULT),
        RejectionReason.TOOL,
    ),
    (
        admission.matching_tool_results,
        conversation(USER, CALLS, Message("tool", "x", tool_call_id="other")),
        RejectionReason.TOOL,
    ),
    (admission.tool_results_follow_calls, conversation(USER, CALLS, RESULT), None),
    (admission.tool_results_follow_calls, conversation(RESULT), RejectionReason.TOOL),
    (
        admission.forced_tool,
        conversation(USER, tools=(WEATHER,), tool_choice="auto"),
        None,
    ),
    (
        admission.forced_tool,
        conversation(USER, tools=(WEATHER,), tool_choice="=get_weather"),
        None,
    ),
    (
        admission.forced_tool,
        conversation(USER, tools=(WEATHER,), tool_choice="=other"),
        RejectionReason.TOOL_CHOICE,
    ),
    (
        admission.forced_tool,
        conversation(USER, tool_choice="required"),
        RejectionReason.TOOL_CHOICE,
    ),
    (admission.choice_needs_tools, conversation(USER, tool_choice="none"), None),
    (
        admission.choice_needs_tools,
        conversation(USER, tool_choice="auto"),
        RejectionReason.TOOL_CHOICE,
    ),
    (
        admission.supported_by_successors,
        conversation(USER, reasoning_effort="high"),
        None,
    ),
    (
        admission.supported_by_successors,
        conversation(USER, reasoning_effort="low"),
        RejectionReason.UNSUPPORTED,
    ),
    (
        admission.supported_by_successors,
        conversation(USER, prompt_mode="reasoning"),
        RejectionReason.UNSUPPORTED,
    ),
    (
        admission.supported_by_successors,
        conversation(Message("system", (Text("a"), Thinking("b"))), USER),
        RejectionReason.UNSUPPORTED,
    ),
    (admission.greedy_has_one_choice, conversation(USER, n=2), None),
    (
        admission.greedy_has_one_choice,
        conversation(USER, n=2, temperature=0.0),
        RejectionReason.UNSUPPORTED,
    ),
    (admission.at_most_two_choices, conversation(USER, n=2), None),
    (
        admission.at_most_two_choices,
        conversation(USER, n=3),
        RejectionReason.UNSUPPORTED,
    ),
]


@pytest.mark.parametrize(("rule", "probe", "reason"), CASES)
def test_rule_rejects_violations_only(rule, probe, reason):
    rejection = rule(probe, {})

    assert reason == (rejection.reason if rejection else None)
    assert rejection is None or rejection.message


@pytest.mark.parametrize(
    ("rule", "body", "rejected"),
    [
        (admission.stream_options, {"stream_options": {}}, True),
        (admission.stream_options, {"stream_options": {}, "stream": True}, False),
        (admission.stream_options, {"stream_options": None}, False),
        (admission.supported_by_successors, {"logprobs": True}, True),
        (admission.supported_by_successors, {"logprobs": False}, False),
        (admission.supported_by_successors, {"top_logprobs": 2}, True),
    ],
)
def test_rule_uses_members_that_a_probe_does_not_have(rule, body, rejected):
    assert rejected is (rule(conversation(USER), body) is not None)


ONLY_TEXT = admission.only_parts_of("text", role="tool", message="no {}")
FILE = {"type": "file", "file_id": "x"}


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (
            [{"role": "tool", "content": [{"type": "text", "text": "a"}, FILE]}],
            "no file",
        ),
        ([{"role": "user", "content": [FILE]}], None),
        ([{"role": "tool", "content": [{"text": "a"}, "b"]}], None),
        ([{"role": "tool", "content": "a"}, {"role": "tool"}, "b"], None),
        ("a", None),
        (None, None),
    ],
    ids=["file", "other-role", "no-type", "no-parts", "no-list", "absent"],
)
def test_only_parts_of_the_named_types_are_accepted(messages, message):
    rejection = ONLY_TEXT(conversation(USER), {"messages": messages})

    assert message == (rejection.message if rejection else None)
    assert rejection is None or rejection.pointer == "/messages/0/content"
