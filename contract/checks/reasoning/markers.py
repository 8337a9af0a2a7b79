"""That control markers, also typed ones, never reach a reader as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from contract.checks.reasoning.thoughts import (
    APART,
    as_answer,
    before,
    leaks,
    location,
    offered,
    separate,
)
from contract.checks.sources import (
    MODEL_CARD,
    VLLM_REASONING,
)
from contract.model.chat import (
    Json,
    Options,
    Piece,
    PieceKind,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    CUT,
    CUT_WHOLE,
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
from contract.model.rewrite import (
    decode_reply,
    rewrite_pieces,
)
from contract.model.think import (
    CLOSE,
    OPEN,
)

ONE_TOKEN = replace(
    CUT_WHOLE, name="one-token", options=replace(CUT.options, max_tokens=1)
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
# A call as text; transformers serve leaves its control tokens out.
TAGGED = re.compile(r"\[TOOL_CALLS\]|\[ARGS\]|\[CALL_ID\]")
SPELLED = re.compile(rf"{TAGGED.pattern}|{WEATHER.name}\{{")


@check(
    "reasoning.no-marker-in-answer",
    "The answer MUST NOT contain a control marker such as [THINK].",
    source="ggml-org/llama.cpp#16158",
    sends=(SUM, SUM_WHOLE),
    needs={Capability.STREAMING},
)
def no_marker_in_answer(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.answer:
            raise NotApplicable("there is no answer to look into")
        yield from leaks(exchange, PieceKind.ANSWER)


@fault(breaks=no_marker_in_answer, also=("structured",))
def closing_marker_shown(reply: Reply) -> Reply:
    """The marker that ends the thought comes through, cut in two (koboldcpp#1745)."""
    return rewrite_pieces(
        reply, lambda said: before(said, PieceKind.ANSWER, CLOSE[:4], CLOSE[4:])
    )


@check(
    "reasoning.no-marker-in-reasoning",
    "The thought MUST NOT contain a control marker such as [THINK].",
    source="vllm-project/vllm#30391",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def no_marker_in_reasoning(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning:
            raise NotApplicable("there is no thought to look into")
        yield from leaks(exchange, PieceKind.REASONING)


@fault(breaks=no_marker_in_reasoning)
def opening_marker_shown(reply: Reply) -> Reply:
    """The parser strips one [THINK] of two and keeps the other (vllm#30391)."""
    if decode_reply(reply).finish == "length":
        return reply
    return rewrite_pieces(
        reply, lambda said: before(said, PieceKind.REASONING, OPEN[:3], OPEN[3:])
    )


@check(
    "reasoning.first-token-is-no-marker",
    "A reply of a single token MUST NOT show a control marker.",
    source=VLLM_REASONING,
    sends=ONE_TOKEN,
    needs={Capability.REASONING},
)
def first_token_is_no_marker(exchange: Exchange) -> Findings:
    if exchange.profile.dialect.tagged:
        raise NotApplicable("in this dialect the markers are part of the content")
    if exchange.finish is None:
        yield Finding("the reply holds no finished choice", "a finish_reason", "none")
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        yield from leaks(exchange, kind)


@fault(breaks=first_token_is_no_marker, where=separate)
def first_marker_shown(reply: Reply) -> Reply:
    """One token is too little for the parser; [THINK] comes as content (llama.cpp)."""
    if reply.probe is None or reply.probe.options.max_tokens != 1:
        return reply

    def shown(value: Json) -> Json:
        for choice in offered(value):
            if isinstance(choice.get("message"), dict):
                choice["message"] = {"role": "assistant", "content": OPEN}
        return value

    return reply.change(shown)


@check(
    "reasoning.typed-markers-are-text",
    "Markers that a user types MUST NOT change where thought and answer end.",
    source=MODEL_CARD,
    sends=(TYPED, TYPED_WHOLE),
    needs=APART,
)
def typed_markers_are_text(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish == "length":
            raise NotApplicable("the reply was cut before it could finish")
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            if not exchange.text_of(kind).strip():
                yield Finding(
                    f"after typed markers the reply has no {kind.value}",
                    expected=f"{kind.value} text",
                    actual=shorten([(p.kind.value, p.text) for p in exchange.pieces]),
                    at=location(exchange),
                )


@fault(breaks=typed_markers_are_text)
def typed_marker_obeyed(reply: Reply) -> Reply:
    """The [/THINK] that a user typed ends the model's thought."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if not any(CLOSE in m.text for m in asked if m.role == "user"):
        return reply
    return rewrite_pieces(reply, as_answer)


def _calls(exchange: Exchange) -> Findings:
    """
    Every tool call that came as text.

    A thought may write a call down without control tokens; an answer may not.
    """
    for kind, spelled in ((PieceKind.REASONING, TAGGED), (PieceKind.ANSWER, SPELLED)):
        if found := spelled.search(exchange.text_of(kind)):
            yield Finding(
                f"a tool call stands in the {kind.value}",
                expected="the call in tool_calls, or none",
                actual=shorten(found.string[found.start() :]),
                at=location(exchange),
            )


@check(
    "reasoning.tool-call-is-apart",
    "A tool call MUST stay apart from the thought before it.",
    source="vllm-project/vllm#30391",
    sends=(TOOL, TOOL_WHOLE),
    needs=APART | {Capability.TOOLS},
)
def tool_call_is_apart(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        called = any(piece.kind is PieceKind.TOOL for piece in exchange.pieces)
        leaked = list(_calls(exchange))
        yield from leaked
        if not called and not leaked:
            if exchange.finish != "tool_calls":
                raise NotApplicable("the model called no tool")
            yield Finding("the tool call is missing", "one tool call", "none")


@fault(breaks=tool_call_is_apart, also=("tools", "structured"))
def call_left_in_thought(reply: Reply) -> Reply:
    """A call made inside the thought is not parsed but shown with its markers."""

    def left(said: tuple[Piece, ...]) -> Iterator[Piece]:
        for piece in said:
            if piece.kind is not PieceKind.TOOL:
                yield piece
                continue
            named = piece.call is not None and piece.call.name
            lead = f"[TOOL_CALLS]{named}[ARGS]" if named else ""
            yield Piece(PieceKind.REASONING, lead + piece.text, piece.choice)

    return rewrite_pieces(reply, left)


@check(
    "reasoning.unwanted-call-is-not-shown",
    "A reply with tool_choice none MUST NOT show a tool call as text.",
    source="ggml-org/llama.cpp#16158",
    sends=NO_TOOL,
    needs={Capability.TOOLS},
)
def unwanted_call_is_not_shown(exchange: Exchange) -> Findings:
    """The model may still want to call; what it wrote is then nobody's answer."""
    if not exchange.pieces:
        raise NotApplicable("the reply says nothing")
    yield from _calls(exchange)


@fault(breaks=unwanted_call_is_not_shown, also=("structured",))
def unwanted_call_shown(reply: Reply) -> Reply:
    """Without a tool parser the call comes as content, markers and all (llama.cpp)."""
    if reply.probe is None or reply.probe.options.tool_choice != "none":
        return reply
    call = f'[TOOL_CALLS]{WEATHER.name}[ARGS]{{"city":"Paris"}}'
    return rewrite_pieces(reply, lambda said: before(said, PieceKind.ANSWER, call))
