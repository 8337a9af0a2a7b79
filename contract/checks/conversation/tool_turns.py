"""Tool turn checks: one history of a call and its result, as clients write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import TOOL_TURNS, UNUSUAL_TURNS
from contract.checks.conversation.order import CALL, with_tool
from contract.checks.conversation.prompt_cost import costs_more, costs_the_same
from contract.checks.faults.rejection import crash, reject, request_body
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.answered import (
    ANSWERED_OR_REJECTED,
    expect_answered_or_rejected,
    expect_answers,
)
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    TEKKEN,
    one_token_request,
    token_difference,
)
from contract.checks.judging.usage import usage_location
from contract.checks.sources import MISTRAL_CHAT, OPENAI_CHAT
from contract.model.chat import Json, Message, Text, ToolCall, freeze
from contract.model.check import Combined, Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.strict_json import MISSING, read_json
from contract.tokens import counting

Misread = Callable[[Message], Message]
MisreadParts = Callable[[tuple[Text, ...]], str | tuple[Text, ...]]
TOOLS = frozenset({Capability.TOOLS})
_QUESTION = user("What is the weather in Rome?")
_SUNNY = "It is sunny and 31 degrees in Rome."
_WINDY = "The wind is weak and comes from the sea."


def _turn(
    name: str,
    result: str | tuple[Text, ...] = _SUNNY,
    *,
    content: str | None = "",
    arguments: str = CALL.tool_calls[0].arguments,
) -> Probe:
    """
    Return a question, a call and its result, which comes last.

    No user message follows, because not every server allows one after a result.
    """
    call = replace(CALL.tool_calls[0], arguments=arguments)
    return with_tool(
        one_token_request(
            name,
            _QUESTION,
            replace(CALL, content=content, tool_calls=(call,)),
            Message("tool", result, tool_call_id=call.id),
        )
    )


CALLED = _turn("call-with-empty-content")
NULL = _turn("call-with-null-content", content=None)
ABSENT = replace(
    CALLED,
    name="call-without-content",
    patches=(Patch("no-content", "/messages/1/content"),),
)
ANNOUNCED = _turn("call-beside-text", content="I will look at the sky over Rome.")
RESULT_PART = _turn("result-as-part", (Text(_SUNNY),))
LONGER_PART = _turn("longer-result-as-part", (Text(f"{_SUNNY} {_WINDY}"),))
RESULT_PARTS = _turn("result-as-parts", (Text(_SUNNY), Text(_WINDY)))
NO_RESULT = _turn("empty-result", "")
# Nothing of this city is left where characters outside ASCII are lost.
UNICODE = _turn("unicode-arguments", arguments=freeze({"city": "東京都千代田区"}))


def _renumbered(probe: Probe, id: str) -> tuple[Message, ...]:
    """Return the turns of *probe* with another call id, and an answer to the result."""
    question, call, result = probe.messages
    calls = tuple(replace(one, id=id) for one in call.tool_calls)
    return (
        question,
        replace(call, tool_calls=calls),
        replace(result, tool_call_id=id),
        Message("assistant", "It is sunny there."),
    )


# As max_tokens cuts a call, as servers write a call without arguments, and as prose.
BROKEN = tuple(
    _turn(f"{name}-arguments", arguments=arguments)
    for name, arguments in (
        ("cut", '{"city": "Ro'),
        ("empty", ""),
        ("prose", "the city of Rome"),
    )
)
_ALL_BROKEN = with_tool(
    one_token_request(
        "broken-arguments",
        *(
            turn
            for number, probe in enumerate(BROKEN)
            for turn in _renumbered(probe, f"c9Xk2LmR{number}")
        ),
        user("And tomorrow?"),
    )
)


def _answered(exchange: Exchange) -> Findings:
    yield from expect_answers(exchange)


BROKEN_AT_ONCE = Combined(sends=(_ALL_BROKEN,), judge=_answered)


@check(
    "conversation.call-needs-no-content",
    "A replayed tool call MUST be accepted with content that is absent, null or empty.",
    source=f"{OPENAI_CHAT}: messages.content is optional beside tool_calls; "
    "jekalmin/extended_openai_conversation#456; lmstudio-ai/lmstudio-bug-tracker#261",
    sends=(CALLED, NULL, ABSENT),
    combined=exact_prompts(TOOL_TURNS),
    needs=TOOLS,
    unless="no-such-member",
)
def call_needs_no_content(
    empty: Exchange, null: Exchange, absent: Exchange
) -> Findings:
    """All three mean that there is no text, so the prompt is the same."""
    yield from costs_the_same(empty, null, "null content beside a tool call")
    yield from costs_the_same(empty, absent, "absent content beside a tool call")


def _calling_messages(reply: Reply) -> list[tuple[int, dict[str, Json]]]:
    """Return the messages of the request that replay tool calls, with their places."""
    messages = request_body(reply).get("messages")
    return [
        (number, message)
        for number, message in enumerate(messages if isinstance(messages, list) else ())
        if isinstance(message, dict) and message.get("tool_calls")
    ]


@fault(breaks=call_needs_no_content)
def absent_content_refused(reply: Reply) -> Reply:
    """A validator requires the key content in every message."""
    for number, message in _calling_messages(reply):
        if "content" not in message:
            return reject(reply, f"/messages/{number}/content", None, "field required")
    return reply


@fault(breaks=call_needs_no_content, also=("context.reads-tool-results",))
def null_content_refused(reply: Reply) -> Reply:
    """A validator requires content to be a string, also beside tool calls."""
    for number, message in _calling_messages(reply):
        if "content" in message and message["content"] is None:
            return reject(
                reply, f"/messages/{number}/content", None, "must be a string"
            )
    return reply


@fault(breaks=call_needs_no_content, also=("context.reads-tool-results",))
def null_content_printed(reply: Reply) -> Reply:
    """The chat template prints null content as the word None."""
    return _misread_calls(
        reply,
        lambda turn: replace(turn, content="None") if turn.content is None else turn,
    )


@check(
    "conversation.text-beside-calls-is-kept",
    "Text beside the tool calls of an earlier message MUST be part of the prompt.",
    source=f"{OPENAI_CHAT}: messages.content; {MISTRAL_CHAT}: messages",
    sends=(CALLED, ANNOUNCED),
    combined=exact_prompts(TOOL_TURNS),
    needs=TOOLS,
)
def text_beside_calls_is_kept(silent: Exchange, announced: Exchange) -> Findings:
    """Models announce their calls, and clients send the announcement back."""
    yield from costs_more(announced, silent, "the text beside a tool call")


@fault(breaks=text_beside_calls_is_kept)
def text_beside_calls_dropped(reply: Reply) -> Reply:
    """The chat template renders either the content or the calls of a message."""
    return _misread_calls(reply, lambda turn: replace(turn, content=""))


def parts_cost(plain: Exchange, several: Exchange) -> Findings:
    """Yield a finding unless two parts cost more than the tokens of the first alone."""
    reported, _ = token_difference(several, plain)
    one, _ = (
        counting.prompt(several.profile.dialect.prepare(probe))
        - counting.prompt(several.profile.dialect.prepare(plain.probe))
        for probe in (RESULT_PART, plain.probe)
    )
    if reported <= one:
        yield Finding("the second text part of a tool result is not counted")


@check(
    "conversation.result-parts-are-kept",
    "Every text part of a tool result MUST be part of the prompt.",
    source=f"{OPENAI_CHAT}: tool messages; vllm-project/vllm#39899; "
    "vllm-project/vllm#39614",
    sends=(RESULT_PART, LONGER_PART, RESULT_PARTS),
    combined=Combined(sends=(PLAIN, RESULT_PARTS), judge=parts_cost, needs=TEKKEN),
    needs=TOOLS,
)
def result_parts_are_kept(
    one: Exchange, longer: Exchange, several: Exchange
) -> Findings:
    """Servers join parts differently, so the second part need only cost something."""
    yield from costs_more(longer, one, "the text of a tool result sent as a part")
    more, _ = token_difference(several, one)
    if more < 1:
        yield Finding(
            "the second text part of a tool result is not counted",
            expected=f"more prompt_tokens than for {one.probe.name}",
            actual=f"{more} more",
            at=f"{several.probe.name}, {usage_location(several)}",
        )


@fault(breaks=result_parts_are_kept, also=("conversation.result-part-equals-text",))
def result_parts_dropped(reply: Reply) -> Reply:
    """The chat template renders tool results only if they are strings."""
    return _misread_parts(reply, lambda _: "")


@fault(breaks=result_parts_are_kept)
def first_result_part_alone(reply: Reply) -> Reply:
    """The chat template reads only the first part of a tool result."""
    return _misread_parts(reply, lambda parts: parts[:1])


@check(
    "conversation.result-part-equals-text",
    "A tool result with one text part SHOULD be read like the plain text.",
    source=f"{OPENAI_CHAT}: tool messages; vllm-project/vllm#39899",
    sends=(CALLED, RESULT_PART),
    combined=(UNUSUAL_TURNS, exact_prompts(RESULT_PART)),
    needs=TOOLS,
)
def result_part_equals_text(text: Exchange, part: Exchange) -> Findings:
    yield from costs_the_same(text, part, "sending a tool result as a part")


@fault(breaks=result_part_equals_text, also=("conversation.result-parts-are-kept",))
def result_parts_printed(reply: Reply) -> Reply:
    """The chat template inserts the printed form (repr) of the list of parts."""
    return _misread_parts(
        reply, lambda parts: str([{"type": "text", "text": p.text} for p in parts])
    )


@check(
    "conversation.empty-result-is-taken",
    "An empty tool result MUST be accepted, and cost only its template tokens.",
    source=f"{OPENAI_CHAT}: tool messages; {MISTRAL_CHAT}: messages",
    sends=(NO_RESULT, CALLED),
    combined=exact_prompts(TOOL_TURNS),
    needs=TOOLS,
)
def empty_result_is_taken(empty: Exchange, full: Exchange) -> Findings:
    """Many tools print nothing on success."""
    yield from costs_more(full, empty, "a tool result compared with an empty one")


@fault(breaks=empty_result_is_taken)
def empty_result_refused(reply: Reply) -> Reply:
    """A validator mistakes an empty tool result for a missing one."""
    turns = reply.probe.messages if reply.probe is not None else ()
    for number, turn in enumerate(turns):
        if turn.role == "tool" and turn.content == "":
            message = "content must not be empty"
            return reject(reply, f"/messages/{number}/content", "", message)
    return reply


@check(
    "conversation.unicode-arguments-are-kept",
    "Characters outside ASCII in replayed arguments MUST be part of the prompt.",
    source=f"{OPENAI_CHAT}: messages.tool_calls; RFC 8259 8.1",
    sends=(CALLED, UNICODE),
    combined=exact_prompts(TOOL_TURNS),
    needs=TOOLS,
)
def unicode_arguments_are_kept(ascii_: Exchange, unicode: Exchange) -> Findings:
    yield from costs_more(unicode, ascii_, "arguments with characters outside ASCII")


@fault(breaks=unicode_arguments_are_kept)
def unicode_arguments_garbled(reply: Reply) -> Reply:
    """A gateway re-encodes arguments in ASCII and drops what it does not have."""

    def garbled(call: ToolCall) -> ToolCall:
        known = call.arguments.encode("ascii", "ignore").decode()
        return replace(call, arguments=known)

    return _misread_calls(
        reply,
        lambda turn: replace(turn, tool_calls=tuple(map(garbled, turn.tool_calls))),
    )


@check(
    "conversation.broken-arguments-are-settled",
    "A replayed tool call whose arguments are not JSON MUST be answered or rejected.",
    source="am17an/llama.cpp#43",
    sends=BROKEN,
    needs=TOOLS,
    expects=ANSWERED_OR_REJECTED,
    combined=BROKEN_AT_ONCE,
)
def broken_arguments_are_settled(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from expect_answered_or_rejected(exchange)


def _has_broken_arguments(reply: Reply) -> bool:
    """Return whether the request as it was sent replays arguments that are no JSON."""
    for _, message in _calling_messages(reply):
        calls = message["tool_calls"]
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            text = function.get("arguments") if isinstance(function, dict) else None
            if isinstance(text, str) and _no_json(text):
                return True
    return False


def _no_json(text: str) -> bool:
    return read_json(text.encode(errors="surrogatepass")) is MISSING


@fault(
    breaks=broken_arguments_are_settled,
    also=("conversation.broken-arguments-are-answered",),
)
def broken_arguments_crash(reply: Reply) -> Reply:
    """The template parses replayed arguments as JSON and does not catch the error."""
    return crash(reply) if _has_broken_arguments(reply) else reply


@check(
    "conversation.broken-arguments-are-answered",
    "A replayed tool call whose arguments are not JSON SHOULD be answered.",
    source="vllm-project/vllm#48922; vllm-project/vllm#43995",
    sends=BROKEN,
    needs=TOOLS,
    combined=BROKEN_AT_ONCE,
)
def broken_arguments_are_answered(*exchanges: Exchange) -> Findings:
    """The model wrote them, so a rejection ends the conversation for good."""
    yield from expect_answers(*exchanges)


@fault(breaks=broken_arguments_are_answered)
def broken_arguments_refused(reply: Reply) -> Reply:
    """Replayed arguments are parsed as JSON, and rejected if they are not."""
    if not _has_broken_arguments(reply):
        return reply
    return reject(reply, "/messages", None, "Unterminated string: line 1 column 10")


def _misread_calls(reply: Reply, misread: Misread) -> Reply:
    """Return *reply* with *misread* applied to the messages that replay calls."""

    def changed(probe: Probe) -> Probe:
        turns = tuple(
            misread(turn) if turn.tool_calls else turn for turn in probe.messages
        )
        return replace(probe, messages=turns)

    return misreport_prompt(reply, changed)


def _misread_parts(reply: Reply, misread: MisreadParts) -> Reply:
    """Return *reply* with *misread* applied to tool results made of text parts."""

    def changed(turn: Message) -> Message:
        if turn.role != "tool" or not isinstance(turn.content, tuple):
            return turn
        texts = tuple(part for part in turn.content if isinstance(part, Text))
        return turn if texts != turn.content else replace(turn, content=misread(texts))

    return misreport_prompt(
        reply,
        lambda probe: replace(probe, messages=tuple(map(changed, probe.messages))),
    )
