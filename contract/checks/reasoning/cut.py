"""What is left of a reply that max_tokens cut inside its thought."""

from __future__ import annotations

from contract.checks.reasoning.thoughts import (
    APART,
    as_answer,
    before,
    leaks,
    location,
    offered,
)
from contract.checks.sources import (
    MISTRAL_REASONING,
    OPENAI_CHAT_OBJECT,
)
from contract.model.chat import (
    Json,
    PieceKind,
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
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import (
    decode_reply,
    rewrite_pieces,
)
from contract.model.think import OPEN


@check(
    "reasoning.cut-gives-length",
    "A reply cut by max_tokens inside its thought MUST finish with length.",
    source=OPENAI_CHAT_OBJECT,
    sends=(CUT, CUT_WHOLE),
    needs={Capability.STREAMING},
)
def cut_gives_length(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if exchange.finish != "length":
            yield Finding(
                "a cut reply does not say so",
                expected="finish_reason length",
                actual=f"finish_reason {exchange.finish}",
                at=location(exchange),
            )


@fault(
    breaks=cut_gives_length, also=("sampling.one-token-is-one", "tools", "structured")
)
def cut_called_stop(reply: Reply) -> Reply:
    """A gateway maps every finish reason to stop (pi-go#245)."""

    def stopped(value: Json) -> Json:
        for choice in offered(value):
            if choice.get("finish_reason") == "length":
                choice["finish_reason"] = "stop"
        return value

    return reply.change(stopped)


@check(
    "reasoning.cut-keeps-thought",
    "A thought that was cut MUST still arrive as reasoning.",
    source="vllm-project/vllm#30391",
    sends=(CUT, CUT_WHOLE),
    needs=APART,
)
def cut_keeps_thought(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning:
            yield Finding(
                "the thought that was cut is missing",
                expected="reasoning text",
                actual=f"answer {shorten(exchange.answer)!r}"
                if exchange.answer
                else "nothing",
                at=location(exchange),
            )


@fault(breaks=cut_keeps_thought)
def open_thought_lost(reply: Reply) -> Reply:
    """A thought without its closing marker is thrown away (vllm#30391)."""
    if decode_reply(reply).finish != "length":
        return reply
    return rewrite_pieces(
        reply, lambda said: [p for p in said if p.kind != PieceKind.REASONING]
    )


@check(
    "reasoning.cut-has-no-answer",
    "A reply cut inside its thought MUST NOT carry answer text.",
    source=MISTRAL_REASONING,
    sends=(CUT, CUT_WHOLE),
    needs=APART,
)
def cut_has_no_answer(*exchanges: Exchange) -> Findings:
    """Three tokens hold the beginning of a thought and nothing else."""
    for exchange in exchanges:
        if not exchange.reasoning and not exchange.answer:
            raise NotApplicable("the cut reply says nothing")
        if exchange.answer.strip():
            yield Finding(
                "a thought that was cut came with answer text",
                expected="reasoning only",
                actual=f"answer {shorten(exchange.answer)!r}",
                at=location(exchange),
            )


@fault(breaks=cut_has_no_answer, also=(cut_keeps_thought,))
def open_thought_sent_as_answer(reply: Reply) -> Reply:
    """The parser waits for the closing marker and calls the rest content."""
    return (
        reply
        if decode_reply(reply).finish != "length"
        else rewrite_pieces(reply, as_answer)
    )


@check(
    "reasoning.cut-has-no-marker",
    "A reply cut inside its thought MUST NOT show a control marker.",
    source="ggml-org/llama.cpp#16158",
    sends=(CUT, CUT_WHOLE),
    needs={Capability.STREAMING},
)
def cut_has_no_marker(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning and not exchange.answer:
            raise NotApplicable("the cut reply says nothing")
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            yield from leaks(exchange, kind)


@fault(breaks=cut_has_no_marker)
def open_marker_shown(reply: Reply) -> Reply:
    """The parser gives up on a thought without end and shows its marker."""
    if decode_reply(reply).finish != "length":
        return reply
    return rewrite_pieces(reply, lambda said: before(said, PieceKind.REASONING, OPEN))
