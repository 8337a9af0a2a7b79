"""Message order checks: which roles may follow each other, and named messages."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import UNUSUAL_ORDER, UNUSUAL_TURNS
from contract.checks.conversation.prompt_cost import costs_more, costs_the_same, system
from contract.checks.faults.rejection import crash, reject, request_body
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.answered import (
    ANSWERED_OR_REJECTED,
    expect_answered_or_rejected,
)
from contract.checks.judging.prompt_tokens import one_token_request
from contract.checks.sources import MISTRAL_COMMON, OPENAI_CHAT
from contract.model.chat import Message, ToolCall
from contract.model.check import Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import WEATHER, user
from contract.model.profile import Capability
from contract.model.reply import Reply

ONE_USER = one_token_request("one-user", "My name is Ann.")
TWO_USERS = one_token_request("two-users", "My name is Ann.", "What is it?")
ONE_SYSTEM = one_token_request("one-system", system("Be brief."), user("Hello"))
TWO_SYSTEMS = one_token_request(
    "two-systems", system("Be brief."), system("Be kind."), user("Hello")
)
NO_SYSTEM = one_token_request("no-system", "Hello", "And now?")
LATE_SYSTEM = one_token_request(
    "system-between-users", user("Hello"), system("Be brief."), user("And now?")
)
LAST_SYSTEM = one_token_request("system-last", user("Hello"), system("Be brief."))
CALL = Message(
    "assistant", "", (ToolCall("c9Xk2LmQ7", "get_weather", '{"city": "Rome"}'),)
)
RESULT = Message("tool", "It is sunny.", tool_call_id="c9Xk2LmQ7")
_AFTER_TOOL = one_token_request(
    "user-after-tool", user("And in Rome?"), CALL, RESULT, user("Thanks.")
)


def with_tool(probe: Probe) -> Probe:
    """Return *probe* with the tool that its messages call."""
    return replace(probe, options=replace(probe.options, tools=(WEATHER,)))


AFTER_TOOL = with_tool(_AFTER_TOOL)
AFTER_RESULT = with_tool(
    one_token_request("result-last", user("And in Rome?"), CALL, RESULT)
)
NAMED = replace(
    one_token_request("user-with-a-name", "My name is Ann."),
    patches=(Patch("name", "/messages/0/name", '"Ann"'),),
)


@check(
    "conversation.users-may-follow-users",
    "Consecutive user messages MUST be answered, and all of them counted.",
    source=MISTRAL_COMMON,
    sends=(ONE_USER, TWO_USERS),
    combined=exact_prompts(UNUSUAL_ORDER),
)
def users_may_follow_users(one: Exchange, two: Exchange) -> Findings:
    yield from costs_more(two, one, "the second of two user messages")


@fault(breaks=users_may_follow_users, also=("conversation",))
def last_user_alone(reply: Reply) -> Reply:
    """Of consecutive user messages, only the last one reaches the template."""

    def misread(probe: Probe) -> Probe:
        turns = probe.messages
        kept = tuple(
            turn
            for turn, after in zip(turns, (*turns[1:], None), strict=False)
            if after is None or (turn.role, after.role) != ("user", "user")
        )
        return replace(probe, messages=kept)

    return misreport_prompt(reply, misread)


@check(
    "conversation.systems-may-be-several",
    "Several system messages MUST be answered, and all of them counted.",
    source=MISTRAL_COMMON,
    sends=(ONE_SYSTEM, TWO_SYSTEMS),
    combined=exact_prompts(UNUSUAL_ORDER),
)
def systems_may_be_several(one: Exchange, two: Exchange) -> Findings:
    yield from costs_more(two, one, "the second of two system messages")


@fault(breaks=systems_may_be_several)
def first_system_alone(reply: Reply) -> Reply:
    """A gateway has a single field for the system prompt and keeps only the first."""

    def misread(probe: Probe) -> Probe:
        turns = probe.messages
        found = [n for n, turn in enumerate(turns) if turn.role == "system"][1:2]
        kept = tuple(turn for n, turn in enumerate(turns) if n not in found)
        return replace(probe, messages=kept)

    return misreport_prompt(reply, misread)


@check(
    "conversation.system-may-come-later",
    "A system message between two user messages MUST be answered, and counted.",
    source=MISTRAL_COMMON,
    sends=(NO_SYSTEM, LATE_SYSTEM),
    combined=exact_prompts(UNUSUAL_ORDER),
)
def system_may_come_later(without: Exchange, late: Exchange) -> Findings:
    yield from costs_more(late, without, "the system message between two user messages")


@fault(breaks=system_may_come_later)
def late_system_refused(reply: Reply) -> Reply:
    """The chat template of another model requires the system message to come first."""
    roles = [turn.role for turn in reply.probe.messages] if reply.probe else []
    if "system" not in roles[1:] or roles[0] == "system":
        return reply
    message = "System message must be at the beginning."
    return reject(reply, "/messages", None, message)


@check(
    "conversation.system-last-is-settled",
    "A conversation that ends with a system message MUST be answered or rejected.",
    source=f"{MISTRAL_COMMON}; {OPENAI_CHAT}: one rejects it, the other has no rule",
    sends=LAST_SYSTEM,
    expects=ANSWERED_OR_REJECTED,
)
def system_last_is_settled(exchange: Exchange) -> Findings:
    """Mistral's validation rejects it (code 3230); most templates accept it."""
    yield from expect_answered_or_rejected(exchange)


@fault(breaks=system_last_is_settled, also=("rejections.never-5xx",))
def template_wants_a_user_last(reply: Reply) -> Reply:
    """The chat template raises an uncaught error unless a user message comes last."""
    turns = request_body(reply).get("messages")
    last = turns[-1] if isinstance(turns, list) and turns else None
    system_last = isinstance(last, dict) and last.get("role") == "system"
    return crash(reply) if system_last else reply


@check(
    "conversation.user-may-follow-tool",
    "A user message after a tool result MUST be answered.",
    source="BerriAI/litellm#17761; yetone/avante.nvim#2562; sst/opencode#7488",
    sends=(AFTER_RESULT, AFTER_TOOL),
    combined=(UNUSUAL_TURNS, exact_prompts(AFTER_TOOL)),
    needs={Capability.TOOLS},
    unless="user-after-tool-refused",
)
def user_may_follow_tool(result: Exchange, user: Exchange) -> Findings:
    """Mistral rejected it in 2025 (code 3230) and has accepted it since August 2026."""
    yield from costs_more(user, result, "the user message after a tool result")


@fault(breaks=user_may_follow_tool)
def user_after_tool_refused(reply: Reply) -> Reply:
    """The 2025 order is still enforced: only an answer may follow a tool result."""
    roles = [turn.role for turn in reply.probe.messages] if reply.probe else []
    if ("tool", "user") not in pairwise(roles):
        return reply
    message = "Unexpected role 'user' after role 'tool'"
    return reject(reply, "/messages", None, message)


@check(
    "conversation.messages-may-be-named",
    "A user message with a name MUST be answered.",
    source=f"{OPENAI_CHAT}: messages.name",
    sends=(ONE_USER, NAMED),
    combined=(UNUSUAL_TURNS, exact_prompts(NAMED)),
    unless="message-name-refused",
)
def messages_may_be_named(one: Exchange, named: Exchange) -> Findings:
    """Mistral's closed schema has no such key; OpenAI's does."""
    yield from costs_the_same(one, named, "a name, which has no place in the template,")


@fault(breaks=messages_may_be_named)
def named_message_refused(reply: Reply) -> Reply:
    """A schema stricter than the documented one allows only role and content."""
    messages = request_body(reply).get("messages")
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict) and "name" in message:
            return reject(reply, f"/messages/{number}/name", "Ann", "unexpected field")
    return reply
