"""That the thought comes first, and once."""

from __future__ import annotations

from collections.abc import Iterator

from contract.checks.reasoning.thoughts import (
    APART,
    before,
    location,
)
from contract.checks.sources import VLLM_REASONING
from contract.model.chat import (
    Piece,
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
from contract.model.exchange import (
    Chunk,
    Exchange,
)
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

# Characters; a shorter thought may stand in the answer by chance.
TELLING = 24


@check(
    "reasoning.precedes-answer",
    "The thought MUST be complete before the answer begins.",
    source=VLLM_REASONING,
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def precedes_answer(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        if not exchange.reasoning or not exchange.answer:
            raise NotApplicable("there is no thought and answer to put in order")
        begun: dict[int, Chunk] = {}
        for chunk, piece in exchange.placed_pieces:
            if piece.kind is PieceKind.ANSWER and piece.text.strip():
                begun.setdefault(piece.choice, chunk)
            elif piece.kind is PieceKind.REASONING and piece.text:
                if piece.choice not in begun:
                    continue
                yield Finding(
                    "the thought went on after the answer began",
                    expected=f"only answer after {location(exchange, begun[piece.choice])}",
                    actual=shorten(piece.text),
                    at=location(exchange, chunk),
                )
                break


@fault(breaks=precedes_answer)
def thought_resumes(reply: Reply) -> Reply:
    """The last words of the thought arrive behind the answer."""

    def resumed(said: tuple[Piece, ...]) -> tuple[Piece, ...]:
        thoughts = [n for n, p in enumerate(said) if p.kind is PieceKind.REASONING]
        if not thoughts or not any(p.kind is PieceKind.ANSWER for p in said):
            return said
        late = thoughts[-1]
        return (*said[:late], *said[late + 1 :], said[late])

    return rewrite_pieces(reply, resumed)


@check(
    "reasoning.not-repeated-in-answer",
    "The answer MUST NOT repeat the thought.",
    source="run-llama/llama_index#20456",
    sends=(SUM, SUM_WHOLE),
    needs=APART,
)
def not_repeated_in_answer(*exchanges: Exchange) -> Findings:
    """
    The middle three fifths of the thought must not stand in the answer.

    A thought may draft the answer, so the answer may stand in the thought; the
    converse needs a server that sends the thought twice.
    """
    for exchange in exchanges:
        thought = " ".join(exchange.reasoning.split())
        answer = " ".join(exchange.answer.split())
        if len(thought) < TELLING or not answer:
            raise NotApplicable("the thought is too short to tell a repetition")
        fifth = len(thought) // 5
        middle = thought[fifth : len(thought) - fifth]
        if middle in answer:
            yield Finding(
                "the answer repeats the thought",
                expected="the answer alone",
                actual=shorten(answer),
                at=location(exchange),
            )


@fault(
    breaks=not_repeated_in_answer,
    also=("usage.completion-includes-thinking", "usage.counts-reasoning", "structured"),
)
def thought_sent_twice(reply: Reply) -> Reply:
    """The thought comes as reasoning and again in the answer (llama_index#21074)."""

    def doubled(said: tuple[Piece, ...]) -> Iterator[Piece]:
        thought = "".join(p.text for p in said if p.kind is PieceKind.REASONING)
        return before(said, PieceKind.ANSWER, thought + "\n\n")

    return rewrite_pieces(reply, doubled)
