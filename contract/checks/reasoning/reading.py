"""What the judges and faults of reasoning share: who said what, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contract.catalog import find
from contract.chat import Json, Kind, Piece
from contract.checks.base import Finding, Findings, NotApplicable, place, shorten
from contract.dialects.base import Dialect
from contract.exchange import Chunk, Exchange
from contract.profile import Capability
from contract.think import MARKERS

MISTRAL_REASONING = "https://docs.mistral.ai/capabilities/reasoning"
VLLM_REASONING = "https://docs.vllm.ai/en/latest/features/reasoning_outputs.html"
OPENAI_CHAT = "https://platform.openai.com/docs/api-reference/chat/object"
MODEL_CARD = "https://huggingface.co/mistralai/Magistral-Small-2509"

APART = frozenset({Capability.REASONING, Capability.STREAMING})
_DIALECTS = tuple(find("dialects", Dialect).values())
# Elsewhere thought and answer share one text, and markers tell them apart.
PARSED = frozenset(dialect.id for dialect in _DIALECTS if not dialect.tagged)
# Without a field of its own, the thought comes in a list of content chunks.
LISTED = frozenset(
    dialect.id
    for dialect in _DIALECTS
    if not dialect.tagged and not dialect.reasoning_fields
)


def at(exchange: Exchange, chunk: Chunk | None = None) -> str:
    """Where in a reply something was seen, as a finding prints it."""
    if not exchange.streamed:
        return "the whole message"
    if chunk is None:
        return "the whole stream"
    return place(chunk.event, chunk.at)


def choices(exchange: Exchange) -> tuple[int, ...]:
    """The choices that say something."""
    return tuple(sorted({piece.choice for _, piece in exchange.placed}))


def leaks(exchange: Exchange, kind: Kind) -> Iterator[Finding]:
    """Every marker in the text of one kind, however the deltas cut it."""
    longest = max(map(len, MARKERS))
    tails: dict[int, str] = {}
    for chunk, piece in exchange.placed:
        if piece.kind is not kind:
            continue
        text = tails.get(piece.choice, "") + piece.text
        for marker in MARKERS:
            if marker in text:
                yield Finding(
                    f"a control marker stands in the {kind.value}",
                    expected=f"no {marker}",
                    actual=shorten(text),
                    at=at(exchange, chunk),
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
            at=at(exchange),
        )


def before(said: tuple[Piece, ...], kind: Kind, *texts: str) -> Iterator[Piece]:
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
        replace(p, kind=Kind.REASONING) if p.kind is Kind.ANSWER else p for p in said
    ]


def as_answer(said: tuple[Piece, ...]) -> list[Piece]:
    """The reasoning filed as answer."""
    return [
        replace(p, kind=Kind.ANSWER) if p.kind is Kind.REASONING else p for p in said
    ]


def offered(value: Json) -> Iterator[dict[str, Json]]:
    """The choice objects of a chunk or of a whole body."""
    listed = value.get("choices") if isinstance(value, dict) else None
    for choice in listed if isinstance(listed, list) else ():
        if isinstance(choice, dict):
            yield choice
