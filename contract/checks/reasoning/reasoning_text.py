"""Reasoning and answer text: location, markers, and changes to pieces."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from contract.model.chat import Json, Piece, PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    event_location,
    shorten,
    spell,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Chunk, Exchange
from contract.model.profile import Capability
from contract.model.strict_json import is_one_of
from contract.model.think import MARKERS
from contract.portable.facts import facts_of
from contract.portable.schemas import NOTHING, anything_but, both, has, matching, one_of

STREAMED_REASONING = frozenset({Capability.REASONING, Capability.STREAMING})
NO_TEXT = "the reply contains no text"
_MARKER = "|".join(map(re.escape, MARKERS))
# The replies that `require_parsed` accepts.
PARSED = both(
    has(request=has(lastRole=one_of(("user", "tool")))),
    anything_but(
        has(
            finish="length",
            answer=matching(
                rf"^[ \t\n\r\f\v\u00a0]*(?:{_MARKER})[ \t\n\r\f\v\u00a0]*$"
            ),
        )
    ),
)
NO_MARKER = has(markers=has(reasoning=NOTHING, answer=NOTHING))
HAS_MARKER = has(answer=matching(_MARKER))


def separates_reasoning(dialect: Dialect) -> bool:
    """Whether reasoning and answer are separate, not one text with markers."""
    return not dialect.tagged


def has_thinking_chunks(dialect: Dialect) -> bool:
    """Whether reasoning is a chunk in the content list instead of a separate field."""
    return not dialect.tagged and not dialect.reasoning_fields


def location(exchange: Exchange, chunk: Chunk | None = None) -> str:
    """Return the location of a finding: *chunk*, or the whole reply without one."""
    if not exchange.streamed:
        return "the whole message"
    if chunk is None:
        return "the whole stream"
    return event_location(chunk.event, chunk.at)


def choices_with_text(exchange: Exchange) -> tuple[int, ...]:
    """Return the indices of the choices with text or a tool call."""
    return tuple(sorted({piece.choice for _, piece in exchange.folded_pieces}))


def _pieces(exchange: Exchange) -> str:
    """Return the texts of *exchange* with their kinds, for `Finding.actual`."""
    texts = (f"{piece.kind.value} {spell(piece.text)}" for piece in exchange.pieces)
    return shorten(", ".join(texts) or "no text")


def find_markers(
    exchange: Exchange, kind: PieceKind, but: Collection[str] = ()
) -> Iterator[Finding]:
    """
    Yield a finding for each marker in text of *kind*, also across deltas.

    The markers *but* are left out, and those in the request, which may be quoted.
    """
    texts = exchange.texts_of(kind)
    if not any(marker in text for text in texts.values() for marker in MARKERS):
        return
    longest = max(map(len, MARKERS))
    markers = [one for one in MARKERS if one not in but and not quoted(exchange, one)]
    tails: dict[int, str] = {}
    for chunk, piece in exchange.placed_pieces:
        if piece.kind is not kind:
            continue
        text = tails.get(piece.choice, "") + piece.text
        for marker in markers:
            if marker in text:
                yield Finding(
                    f"the {kind.value} contains a control marker",
                    expected=f"no {marker}",
                    actual=shorten(text),
                    at=location(exchange, chunk),
                )
                text = text.replace(marker, "")
        tails[piece.choice] = text[1 - longest :]


def quoted(exchange: Exchange, text: str) -> bool:
    """Return whether a message of the user or a tool in the request contains *text*."""
    messages = exchange.sent.get("messages")
    return any(
        isinstance(message, dict)
        and is_one_of(message.get("role"), ("user", "tool"))
        and text in str(message.get("content"))
        for message in (messages if isinstance(messages, list) else ())
    )


def missing_parts(exchange: Exchange, subject: str = "the reply") -> Findings:
    """
    Yield a finding for reasoning or answer if it is missing or blank.

    *subject* begins the message of the finding. Raises `NotApplicable` for a reply
    that was cut off.
    """
    if exchange.finish == "length":
        raise NotApplicable("the reply was cut off")
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        if not exchange.text_of(kind).strip():
            yield Finding(
                f"{subject} has no {kind.value}",
                expected=f"{kind.value} text",
                actual=_pieces(exchange),
                at=location(exchange),
            )


def missing_answer(exchange: Exchange) -> Findings:
    """
    Yield a finding if the answer is missing or blank.

    Raises `NotApplicable` for a reply that did not finish with stop.
    """
    if exchange.finish != "stop":
        raise NotApplicable(
            f"the reply finished with {exchange.finish or 'null'}, not with stop"
        )
    if not exchange.answer.strip():
        yield Finding(
            "the reply finished without an answer",
            expected="answer text",
            actual=f"reasoning {spell(shorten(exchange.reasoning))}"
            if exchange.reasoning
            else "no text",
            at=location(exchange),
        )


def asks(exchange: Exchange) -> bool:
    """
    Return whether the last message of the request is one to answer.

    What a model generates after a message of its own, or after a system message, may
    begin anywhere, so neither its reasoning nor its answer can be determined.
    """
    return is_one_of(facts_of(exchange)["lastRole"], ("user", "tool"))


def expects_text(exchange: Exchange) -> bool:
    """
    Return whether a finished reply to the request of *exchange* must have an answer.

    It may have none after a stop string, under a penalty, or to an empty message.
    """
    facts = facts_of(exchange)
    return asks(exchange) and not facts["steered"] and not facts["lastIsBlank"]


def require_parsed(exchange: Exchange) -> None:
    """
    Raise `NotApplicable` if other checks judge how the reply was parsed.

    That is a reply that max_tokens cut off with nothing but a marker in it
    (`reasoning.first-token-is-no-marker`), and one to a request that does not end with
    a message to answer (`conversation`).
    """
    if exchange.finish == "length" and exchange.answer.strip() in MARKERS:
        raise NotApplicable("the reply was cut off after a marker")
    if not asks(exchange):
        raise NotApplicable("the last message is not one to answer")


def insert_before(
    pieces: tuple[Piece, ...], kind: PieceKind, *texts: str
) -> Iterator[Piece]:
    """
    Yield *pieces* with *texts* inserted before the first text of *kind*.

    Each text but the last becomes a piece of its own; the last one is joined to the
    piece that follows.
    """
    done = False
    for piece in pieces:
        if piece.kind is kind and piece.text and not done:
            done = True
            *separate, joined = texts
            for text in separate:
                yield replace(piece, text=text)
            yield replace(piece, text=joined + piece.text)
        else:
            yield piece


def without_reasoning(pieces: tuple[Piece, ...]) -> list[Piece]:
    """Return the pieces that are not reasoning."""
    return [piece for piece in pieces if piece.kind is not PieceKind.REASONING]


def answer_as_reasoning(pieces: tuple[Piece, ...]) -> list[Piece]:
    """Return the pieces with the answer labelled as reasoning."""
    return [
        replace(p, kind=PieceKind.REASONING) if p.kind is PieceKind.ANSWER else p
        for p in pieces
    ]


def reasoning_as_answer(pieces: tuple[Piece, ...]) -> list[Piece]:
    """Return the pieces with the reasoning labelled as answer."""
    return [
        replace(p, kind=PieceKind.ANSWER) if p.kind is PieceKind.REASONING else p
        for p in pieces
    ]


def choice_objects(value: Json) -> Iterator[dict[str, Json]]:
    """Yield the choice objects of a chunk or of a whole body."""
    listed = value.get("choices") if isinstance(value, dict) else None
    for choice in listed if isinstance(listed, list) else ():
        if isinstance(choice, dict):
            yield choice
