"""Checks that control markers and tool calls do not appear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from contract.checks.combined.requests import ONE_TOKEN
from contract.checks.reasoning.reasoning_text import (
    NO_MARKER,
    NO_TEXT,
    PARSED,
    STREAMED_REASONING,
    choice_objects,
    find_markers,
    insert_before,
    location,
    missing_parts,
    reasoning_as_answer,
    require_parsed,
    separates_reasoning,
)
from contract.checks.sources import MODEL_CARD, VLLM_REASONING
from contract.model.chat import Json, Options, Piece, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import (
    MAX_TOKENS,
    SUM,
    SUM_WHOLE,
    TOOL,
    TOOL_WHOLE,
    WEATHER,
    user,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_pieces
from contract.model.think import CLOSE, OPEN
from contract.portable.requirement import decided
from contract.portable.schemas import (
    ANYTHING,
    NEVER,
    NOT_EMPTY,
    NOTHING,
    SOMETHING,
    TEXT,
    anything_but,
    both,
    either,
    every,
    has,
    matching,
    one_of,
    some,
)

TYPED = Probe(
    name="typed-markers-streamed",
    messages=(
        user(
            "My log file says: 'state [/THINK] done, state [THINK] next'. "
            "Never mind the log. What is 6 times 7? Answer with one short sentence."
        ),
    ),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
    stream=True,
)
TYPED_WHOLE = replace(TYPED, name="typed-markers-whole", stream=False)
NO_TOOL = replace(
    TOOL_WHOLE,
    name="no-tool-whole",
    options=replace(TOOL_WHOLE.options, tool_choice="none"),
)
CALL_MARKERS = ("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]")
# A tool call as text: with its control tokens, and also without them, as returned by
# `transformers serve`.
TAGGED = re.compile(r"\[TOOL_CALLS\]|\[ARGS\]|\[CALL_ID\]")
UNTAGGED = re.compile(rf"{TAGGED.pattern}|{WEATHER.name}\{{")
LEAKED = has(
    texts=some(
        either(
            has(reasoning=matching(TAGGED.pattern)),
            has(answer=matching(UNTAGGED.pattern)),
        )
    )
)


@check(
    "reasoning.no-marker-in-answer",
    "The answer MUST NOT contain a control marker such as [THINK].",
    source="ggml-org/llama.cpp#16158",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
    every=Scope.ANSWERS,
)
@decided(
    either(
        has(markers=has(answer=NOTHING)),
        has(
            request=has(toolChoice="none"),
            markers=has(answer=every(one_of(CALL_MARKERS))),
        ),
    ),
    when=both(PARSED, has(texts=some(has(answer=NOT_EMPTY)))),
)
def no_marker_in_answer(exchange: Exchange) -> Findings:
    require_parsed(exchange)
    if not any(piece.kind is PieceKind.ANSWER for piece in exchange.pieces):
        raise NotApplicable("the reply has no answer")
    # `reasoning.unwanted-call-is-not-shown` judges calls that the request forbids.
    forbidden = exchange.sent.get("tool_choice") == "none"
    yield from find_markers(
        exchange, PieceKind.ANSWER, CALL_MARKERS if forbidden else ()
    )


@fault(breaks=no_marker_in_answer, also=("structured",))
def closing_marker_shown(reply: Reply) -> Reply:
    """The closing marker of the reasoning is sent, split in two (koboldcpp#1745)."""
    return rewrite_pieces(
        reply,
        lambda pieces: insert_before(pieces, PieceKind.ANSWER, CLOSE[:4], CLOSE[4:]),
    )


@check(
    "reasoning.no-marker-in-reasoning",
    "The reasoning MUST NOT contain a control marker such as [THINK].",
    source="vllm-project/vllm#30391",
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_REASONING,
    every=Scope.ANSWERS,
)
@decided(
    has(markers=has(reasoning=NOTHING)),
    when=both(PARSED, has(texts=some(has(reasoning=NOT_EMPTY)))),
)
def no_marker_in_reasoning(exchange: Exchange) -> Findings:
    require_parsed(exchange)
    if not any(piece.kind is PieceKind.REASONING for piece in exchange.pieces):
        raise NotApplicable("the reply has no reasoning")
    yield from find_markers(exchange, PieceKind.REASONING)


@fault(breaks=no_marker_in_reasoning)
def opening_marker_shown(reply: Reply) -> Reply:
    """The parser removes only one of two [THINK] markers (vllm#30391)."""
    if decode_reply(reply).finish == "length":
        return reply
    return rewrite_pieces(
        reply,
        lambda pieces: insert_before(pieces, PieceKind.REASONING, OPEN[:3], OPEN[3:]),
    )


@check(
    "reasoning.first-token-is-no-marker",
    "A reply of a single token MUST NOT contain a control marker.",
    source=VLLM_REASONING,
    sends=ONE_TOKEN,
    needs={Capability.REASONING},
)
@decided(
    both(has(finish=anything_but(None)), NO_MARKER),
    when=lambda dialect: NEVER if dialect.tagged else ANYTHING,
)
def first_token_is_no_marker(exchange: Exchange) -> Findings:
    if exchange.profile.dialect.tagged:
        raise NotApplicable("in this dialect, markers are part of the content")
    if exchange.finish is None:
        yield Finding("the reply has no finished choice", "a finish_reason", "none")
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        yield from find_markers(exchange, kind)


@fault(breaks=first_token_is_no_marker, where=separates_reasoning)
def first_marker_shown(reply: Reply) -> Reply:
    """A single [THINK] token is not parsed but returned as content (llama.cpp)."""
    if reply.probe is None or reply.probe.options.max_tokens != 1:
        return reply

    def change(value: Json) -> Json:
        for choice in choice_objects(value):
            if isinstance(choice.get("message"), dict):
                choice["message"] = {"role": "assistant", "content": OPEN}
        return value

    return reply.change(change)


@check(
    "reasoning.typed-markers-are-text",
    "Markers typed by a user MUST NOT change where reasoning and answer end.",
    source=MODEL_CARD,
    sends=(TYPED, TYPED_WHOLE),
    needs=STREAMED_REASONING,
)
@decided(has(reasoning=TEXT, answer=TEXT), when=has(finish=anything_but("length")))
def typed_markers_are_text(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from missing_parts(exchange, "after typed markers, the reply")


@fault(breaks=typed_markers_are_text)
def typed_marker_obeyed(reply: Reply) -> Reply:
    """A [/THINK] in a user message ends the model's reasoning."""
    messages = reply.probe.messages if reply.probe is not None else ()
    if not any(CLOSE in m.text for m in messages if m.role == "user"):
        return reply
    return rewrite_pieces(reply, reasoning_as_answer)


def _calls_as_text(exchange: Exchange) -> Findings:
    """
    Yield a finding for each kind of text that contains a tool call.

    Reasoning may mention a call without control tokens, the answer may not.
    """
    for kind, pattern in ((PieceKind.REASONING, TAGGED), (PieceKind.ANSWER, UNTAGGED)):
        for text in exchange.texts_of(kind).values():
            if found := pattern.search(text):
                yield Finding(
                    f"the {kind.value} contains a tool call as text",
                    expected="the call in tool_calls, or no call",
                    actual=shorten(found.string[found.start() :]),
                    at=location(exchange),
                )


@check(
    "reasoning.tool-call-is-apart",
    "A tool call MUST be separate from the reasoning before it.",
    source="vllm-project/vllm#30391",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_REASONING | {Capability.TOOLS},
    every=Scope.ANSWERS,
)
@decided(
    both(anything_but(LEAKED), has(calls=SOMETHING)),
    when=both(
        has(request=has(tools=SOMETHING, toolChoice=anything_but("none"))),
        either(LEAKED, has(calls=SOMETHING), has(finish="tool_calls")),
    ),
)
def tool_call_is_apart(exchange: Exchange) -> Findings:
    if not exchange.sent.get("tools") or exchange.sent.get("tool_choice") == "none":
        raise NotApplicable("the request allows no tool call")
    called = any(piece.kind is PieceKind.TOOL for piece in exchange.pieces)
    leaked = list(_calls_as_text(exchange))
    yield from leaked
    if not called and not leaked:
        if exchange.finish != "tool_calls":
            raise NotApplicable("the model called no tool")
        yield Finding("the tool call is missing", "one tool call", "none")


@fault(breaks=tool_call_is_apart, also=("tools", "structured"))
def call_left_in_thought(reply: Reply) -> Reply:
    """A call within the reasoning is not parsed but returned as text with markers."""

    def change(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in pieces:
            if piece.kind is not PieceKind.TOOL:
                yield piece
                continue
            name = piece.call is not None and piece.call.name
            prefix = f"[TOOL_CALLS]{name}[ARGS]" if name else ""
            yield Piece(PieceKind.REASONING, prefix + piece.text, piece.choice)

    return rewrite_pieces(reply, change)


@check(
    "reasoning.unwanted-call-is-not-shown",
    "A reply with tool_choice none MUST NOT contain a tool call as text.",
    source="ggml-org/llama.cpp#16158",
    sends=NO_TOOL,
    needs={Capability.TOOLS},
)
@decided(anything_but(LEAKED), when=has(hasPieces=True))
def unwanted_call_is_not_shown(exchange: Exchange) -> Findings:
    """A model may still generate a call, which must not be returned as the answer."""
    if not exchange.pieces:
        raise NotApplicable(NO_TEXT)
    yield from _calls_as_text(exchange)


@fault(breaks=unwanted_call_is_not_shown, also=("structured",))
def unwanted_call_shown(reply: Reply) -> Reply:
    """Without a tool parser, the call is content with its markers (llama.cpp)."""
    if reply.probe is None or reply.probe.options.tool_choice != "none":
        return reply
    call = f'[TOOL_CALLS]{WEATHER.name}[ARGS]{{"city":"Paris"}}'
    return rewrite_pieces(
        reply, lambda pieces: insert_before(pieces, PieceKind.ANSWER, call)
    )
