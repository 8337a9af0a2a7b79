"""Checks of replies that max_tokens cuts off during reasoning."""

from __future__ import annotations

from contract.checks.reasoning.reasoning_text import (
    NO_MARKER,
    NO_TEXT,
    STREAMED_REASONING,
    choice_objects,
    find_markers,
    insert_before,
    location,
    reasoning_as_answer,
    without_reasoning,
)
from contract.checks.sources import MISTRAL_REASONING, OPENAI_CHAT_OBJECT
from contract.model.chat import Json, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probes import CUT, CUT_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_pieces
from contract.model.think import OPEN
from contract.portable.requirement import decided
from contract.portable.schemas import BLANK, NOT_EMPTY, SAID, has


def _is_cut(reply: Reply) -> bool:
    """Whether max_tokens cut *reply* off."""
    return decode_reply(reply).finish == "length"


@check(
    "reasoning.cut-gives-length",
    "A reply that max_tokens cuts off during reasoning MUST finish with length.",
    source=OPENAI_CHAT_OBJECT,
    sends=(CUT, CUT_WHOLE),
    needs={Capability.STREAMING},
)
@decided(has(finish="length"))
def cut_gives_length(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish != "length":
            yield Finding(
                "the reply was not reported as cut off",
                expected="finish_reason length",
                actual=f"finish_reason {exchange.finish or 'null'}",
                at=location(exchange),
            )


@fault(
    breaks=cut_gives_length,
    also=(
        *("sampling.one-token-is-one", "tools", "structured"),
        "responses.cut-is-incomplete",
    ),
)
def cut_called_stop(reply: Reply) -> Reply:
    """A gateway replaces every finish reason with stop (pi-go#245)."""

    def change(value: Json) -> Json:
        for choice in choice_objects(value):
            if choice.get("finish_reason") == "length":
                choice["finish_reason"] = "stop"
        return value

    return reply.change(change)


@check(
    "reasoning.cut-keeps-thought",
    "Reasoning that was cut off MUST still arrive as reasoning.",
    source="vllm-project/vllm#30391",
    sends=(CUT, CUT_WHOLE),
    needs=STREAMED_REASONING,
)
@decided(has(reasoning=NOT_EMPTY))
def cut_keeps_thought(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning:
            yield Finding(
                "the reasoning that was cut off is missing",
                expected="reasoning text",
                actual=f"answer {spell(shorten(exchange.answer))}"
                if exchange.answer
                else "no text",
                at=location(exchange),
            )


@fault(breaks=cut_keeps_thought)
def open_thought_lost(reply: Reply) -> Reply:
    """Reasoning without its closing marker is discarded (vllm#30391)."""
    return rewrite_pieces(reply, without_reasoning) if _is_cut(reply) else reply


@check(
    "reasoning.cut-has-no-answer",
    "A reply cut off during reasoning MUST NOT contain answer text.",
    source=MISTRAL_REASONING,
    sends=(CUT, CUT_WHOLE),
    needs=STREAMED_REASONING,
)
@decided(has(answer=BLANK), when=SAID)
def cut_has_no_answer(*exchanges: Exchange) -> Findings:
    """Three tokens only suffice for the beginning of the reasoning."""
    for exchange in exchanges:
        if not exchange.reasoning and not exchange.answer:
            raise NotApplicable(NO_TEXT)
        if exchange.answer.strip():
            yield Finding(
                "the reply was cut off during reasoning but has answer text",
                expected="reasoning only",
                actual=f"answer {spell(shorten(exchange.answer))}",
                at=location(exchange),
            )


@fault(breaks=cut_has_no_answer, also=(cut_keeps_thought,))
def open_thought_sent_as_answer(reply: Reply) -> Reply:
    """The parser finds no closing marker and returns the text as content."""
    return rewrite_pieces(reply, reasoning_as_answer) if _is_cut(reply) else reply


@check(
    "reasoning.cut-has-no-marker",
    "A reply cut off during reasoning MUST NOT contain a control marker.",
    source="ggml-org/llama.cpp#16158",
    sends=(CUT, CUT_WHOLE),
    needs={Capability.STREAMING},
)
@decided(NO_MARKER, when=SAID)
def cut_has_no_marker(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning and not exchange.answer:
            raise NotApplicable(NO_TEXT)
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            yield from find_markers(exchange, kind)


@fault(breaks=cut_has_no_marker)
def open_marker_shown(reply: Reply) -> Reply:
    """The parser fails on unterminated reasoning and returns its opening marker."""
    if not _is_cut(reply):
        return reply
    return rewrite_pieces(
        reply, lambda pieces: insert_before(pieces, PieceKind.REASONING, OPEN)
    )
