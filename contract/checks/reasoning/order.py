"""Checks that reasoning precedes the answer and is not repeated in it."""

from __future__ import annotations

from collections.abc import Iterator

from contract.checks.reasoning.reasoning_text import (
    PARSED,
    STREAMED_REASONING,
    insert_before,
    location,
    require_parsed,
)
from contract.checks.sources import VLLM_REASONING
from contract.model.chat import Piece, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Chunk, Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.portable.requirement import decided
from contract.portable.schemas import (
    NOT_EMPTY,
    anything_but,
    both,
    every,
    has,
    matching,
    some,
)

# In characters; the answer may contain shorter reasoning by chance.
SHORTEST_REPEATED = 24


@check(
    "reasoning.precedes-answer",
    "The reasoning MUST be complete before the answer begins.",
    source=VLLM_REASONING,
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_REASONING,
    unless="reasoning-resumes",
    every=Scope.ANSWERS,
)
@decided(
    has(choices=every(has(order=anything_but(matching("answer.*reasoning"))))),
    when=both(
        PARSED,
        has(texts=both(some(has(reasoning=NOT_EMPTY)), some(has(answer=NOT_EMPTY)))),
    ),
)
def precedes_answer(exchange: Exchange) -> Findings:
    require_parsed(exchange)
    kinds = {piece.kind for piece in exchange.pieces}
    if not {PieceKind.REASONING, PieceKind.ANSWER} <= kinds:
        raise NotApplicable("the reply does not have both reasoning and an answer")
    answer_starts: dict[int, Chunk] = {}
    for chunk, piece in exchange.folded_pieces:
        if piece.kind is PieceKind.ANSWER and piece.text.strip():
            answer_starts.setdefault(piece.choice, chunk)
        elif piece.kind is PieceKind.REASONING and piece.text:
            if piece.choice not in answer_starts:
                continue
            start = location(exchange, answer_starts[piece.choice])
            yield Finding(
                "the reasoning continued after the answer began",
                expected=f"only answer text after {start}",
                actual=shorten(piece.text),
                at=location(exchange, chunk),
            )
            break


@fault(breaks=precedes_answer)
def thought_resumes(reply: Reply) -> Reply:
    """The end of the reasoning arrives after the answer."""

    def change(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        reasoning = [n for n, p in enumerate(pieces) if p.kind is PieceKind.REASONING]
        if not reasoning or not any(p.kind is PieceKind.ANSWER for p in pieces):
            return pieces
        last = reasoning[-1]
        return (*pieces[:last], *pieces[last + 1 :], pieces[last])

    return rewrite_pieces(reply, change)


@check(
    "reasoning.not-repeated-in-answer",
    "The answer MUST NOT repeat the reasoning.",
    source="run-llama/llama_index#20456",
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_REASONING,
    every=Scope.ANSWERS,
)
def not_repeated_in_answer(exchange: Exchange) -> Findings:
    """
    The answer must not contain the middle three fifths of the reasoning.

    Reasoning may draft the answer and thus contain it. The converse happens only if
    the server sends the reasoning twice.
    """
    judged = False
    for choice in sorted(exchange.finishes):
        reasoning, answer = (
            " ".join(exchange.text_of(kind, choice).split())
            for kind in (PieceKind.REASONING, PieceKind.ANSWER)
        )
        if len(reasoning) < SHORTEST_REPEATED or not answer:
            continue
        judged = True
        fifth = len(reasoning) // 5
        middle = reasoning[fifth : len(reasoning) - fifth]
        if middle in answer:
            yield Finding(
                "the answer repeats the reasoning",
                expected="only the answer",
                actual=shorten(answer),
                at=location(exchange),
            )
    if not judged:
        raise NotApplicable(
            "the reply has no answer, or its reasoning is too short to judge"
        )


@fault(
    breaks=not_repeated_in_answer,
    also=("usage.completion-includes-thinking", "usage.counts-reasoning", "structured"),
)
def thought_sent_twice(reply: Reply) -> Reply:
    """The reasoning is sent twice, the second time as answer (llama_index#21074)."""

    def change(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        reasoning = "".join(p.text for p in pieces if p.kind is PieceKind.REASONING)
        return insert_before(pieces, PieceKind.ANSWER, reasoning + "\n\n")

    return rewrite_pieces(reply, change)
