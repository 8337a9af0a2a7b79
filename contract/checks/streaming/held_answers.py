"""A check that the answer is streamed as the reasoning before it is."""

from __future__ import annotations

from contract.checks.combined.repeating import PLAIN_AT_ONCE
from contract.checks.faults.chunks import text_frames
from contract.checks.judging.rhythm import (
    PART_SHOWN,
    SHORTEST_JUDGED_SECONDS,
    seconds,
)
from contract.checks.sources import OPENAI_STREAM
from contract.model.chat import PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probe import repeat
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply

SAMPLES = 3
FEWEST = 3  # events with reasoning that have a pace
ANSWER = frozenset({PieceKind.ANSWER})
# An answer of 200 characters and more, which the request spells out.
_, LONG = PLAIN_AT_ONCE
STREAMS = repeat(LONG, SAMPLES)


def _times(exchange: Exchange) -> tuple[list[float], list[float]]:
    """
    Return the times of the events with reasoning, and of those with answer text.

    An event that ends the reasoning and begins the answer counts for the answer only.
    Both are empty if reasoning resumes after text.
    """
    marks = exchange.timing.marks
    answer = [mark for mark in marks if mark.kind is PieceKind.ANSWER]
    thought = [mark for mark in marks if mark.kind is PieceKind.REASONING]
    if not answer or (thought and thought[-1].event > answer[0].event):
        return [], []
    before = [mark.at for mark in thought if mark.event < answer[0].event]
    return before, [mark.at for mark in answer]


def _length(exchange: Exchange, kind: PieceKind) -> int:
    return sum(len(piece.text) for piece in exchange.pieces if piece.kind is kind)


@check(
    "streaming.answer-is-not-held-back",
    "A stream MUST deliver the answer as it is generated, as the reasoning before it.",
    source=f"{OPENAI_STREAM}; langchain-ai/langchainjs#9794",
    sends=STREAMS,
    needs={Capability.STREAMING},
    alone=True,
    combined=Combined(sends=STREAMS[:1], samples=True),
)
def answer_is_not_held_back(*exchanges: Exchange) -> Findings:
    """
    The pace of the reasoning predicts how long the answer takes: no budget is needed.

    An answer that is held back follows a pause of its own length, and its text arrives
    within a part of it. It is found if that holds for each of the streams.
    """
    expected, shown, waited = [], [], []
    for stream in exchanges:
        thought, answer = _times(stream)
        if len(thought) < FEWEST:
            raise NotApplicable("no stream with reasoning, and an answer after it")
        letters = max(_length(stream, PieceKind.REASONING), 1)
        pace = (thought[-1] - thought[0]) / letters
        expected.append(pace * _length(stream, PieceKind.ANSWER))
        shown.append(answer[-1] - answer[0])
        waited.append(answer[0] - thought[-1])
    if min(expected) < SHORTEST_JUDGED_SECONDS:
        raise NotApplicable(
            f"the answer would take {seconds(min(expected))}, too short to judge"
        )
    if all(
        spread < PART_SHOWN * whole and pause > whole / 2
        for whole, spread, pause in zip(expected, shown, waited, strict=True)
    ):
        yield Finding(
            "the answer of each stream was held back and arrived all at once",
            expected=f"text spread over about {seconds(min(expected))}, at the pace of "
            "the reasoning",
            actual=f"the answer within {seconds(max(shown))}, after a pause of "
            f"{seconds(min(waited))}",
            at=exchanges[0].probe.name,
        )


@fault(
    breaks=answer_is_not_held_back,
    also=("latency", "streaming.does-not-stall"),
    where=lambda dialect: not dialect.tagged,
)
def answer_held_back(reply: Reply) -> Reply:
    """A filter reads the whole answer before it is forwarded; the reasoning is not."""
    texts = text_frames(reply, ANSWER)
    thoughts = text_frames(reply, frozenset({PieceKind.REASONING}))
    if len(texts) < 2 or not thoughts or thoughts[-1] > texts[0]:  # noqa: PLR2004  # one text is whole at once
        return reply
    last = reply.frames[texts[-1]].at
    return reply.with_frames(
        Frame(max(frame.at, last) if number >= texts[0] else frame.at, frame.data)
        for number, frame in enumerate(reply.frames)
    )
