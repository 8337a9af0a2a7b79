"""What the judges and faults of reasoning share: who said what, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.model.chat import (
    Json,
    Piece,
    PieceKind,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    event_location,
    shorten,
)
from contract.model.dialect import Dialect
from contract.model.exchange import (
    Chunk,
    Exchange,
)
from contract.model.profile import Capability
from contract.model.think import MARKERS

APART = frozenset({Capability.REASONING, Capability.STREAMING})


def separate(dialect: Dialect) -> bool:
    """Whether thought and answer come apart, and not as one text with markers."""
    return not dialect.tagged


def in_content_parts(dialect: Dialect) -> bool:
    """Whether the thought is a part of the content list, without a field of its own."""
    return not dialect.tagged and not dialect.reasoning_fields


def location(exchange: Exchange, chunk: Chunk | None = None) -> str:
    """Where in a reply something was seen, as a finding prints it."""
    if not exchange.streamed:
        return "the whole message"
    if chunk is None:
        return "the whole stream"
    return event_location(chunk.event, chunk.at)


def choices(exchange: Exchange) -> tuple[int, ...]:
    """The choices that say something."""
    return tuple(sorted({piece.choice for _, piece in exchange.placed_pieces}))


def leaks(exchange: Exchange, kind: PieceKind) -> Iterator[Finding]:
    """Every marker in the text of one kind, however the deltas cut it."""
    longest = max(map(len, MARKERS))
    tails: dict[int, str] = {}
    for chunk, piece in exchange.placed_pieces:
        if piece.kind is not kind:
            continue
        text = tails.get(piece.choice, "") + piece.text
        for marker in MARKERS:
            if marker in text:
                yield Finding(
                    f"a control marker stands in the {kind.value}",
                    expected=f"no {marker}",
                    actual=shorten(text),
                    at=location(exchange, chunk),
                )
                text = text.replace(marker, "")
        tails[piece.choice] = text[1 - longest :]


def unanswered(exchange: Exchange) -> Findings:
    """A finding when a reply that says it is finished holds no answer."""
    if exchange.finish != "stop":
        raise NotApplicable(f"the reply finished with {exchange.finish}, not with stop")
    if not exchange.answer.strip():
        yield Finding(
            "the reply finished without an answer",
            expected="answer text",
            actual=f"reasoning {shorten(exchange.reasoning)!r}"
            if exchange.reasoning
            else "nothing",
            at=location(exchange),
        )


def before(said: tuple[Piece, ...], kind: PieceKind, *texts: str) -> Iterator[Piece]:
    """*said* with *texts* before the first piece of one kind, the last one joined."""
    done = False
    for piece in said:
        if piece.kind is kind and piece.text and not done:
            done = True
            *before, last = texts
            for text in before:
                yield replace(piece, text=text)
            yield replace(piece, text=last + piece.text)
        else:
            yield piece


def as_thought(said: tuple[Piece, ...]) -> list[Piece]:
    """The answer filed as reasoning."""
    return [
        replace(p, kind=PieceKind.REASONING) if p.kind is PieceKind.ANSWER else p
        for p in said
    ]


def as_answer(said: tuple[Piece, ...]) -> list[Piece]:
    """The reasoning filed as answer."""
    return [
        replace(p, kind=PieceKind.ANSWER) if p.kind is PieceKind.REASONING else p
        for p in said
    ]


def offered(value: Json) -> Iterator[dict[str, Json]]:
    """The choice objects of a chunk or of a whole body."""
    listed = value.get("choices") if isinstance(value, dict) else None
    for choice in listed if isinstance(listed, list) else ():
        if isinstance(choice, dict):
            yield choice
