"""The chunk objects of a stream."""

from __future__ import annotations

from collections.abc import Iterator

from contract.model.chat import (
    Json,
    Piece,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    event_location,
)
from contract.model.exchange import (
    Chunk,
    Exchange,
)

Object = dict[str, Json]


def objects(exchange: Exchange) -> tuple[tuple[Chunk, Object], ...]:
    """The chunk objects; without any, other checks say so and this one is skipped."""
    if not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    found = tuple(
        (chunk, chunk.json)
        for chunk in exchange.chunks
        if isinstance(chunk.json, dict) and not is_error(chunk.json)
    )
    if not found:
        raise NotApplicable("the stream held no chunk")
    return found


def is_error(value: Object) -> bool:
    """Whether an event reports an error in place of a chunk."""
    return "choices" not in value and bool(
        value.get("error") or value.get("object") == "error"
    )


def choices(exchange: Exchange) -> tuple[tuple[Chunk, int, Object], ...]:
    """Every choice of every chunk, with its index (0 where it says none)."""
    objects(exchange)
    found = tuple((chunk, number(choice), choice) for chunk, choice in exchange.choices)
    if not found:
        raise NotApplicable("the stream held no choice")
    return found


def number(choice: Object) -> int:
    """The index of a choice; 0 where it says none."""
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def says(exchange: Exchange, choice: Object) -> tuple[Piece, ...]:
    """What one delta says, markers and all; a piece without text or call is nothing."""
    pieces = exchange.profile.dialect.decode(choice.get("delta"))
    return tuple(piece for piece in pieces if piece.text or piece.call)


def complete(exchange: Exchange) -> Iterator[tuple[Chunk, Piece]]:
    """Every piece but the last of a choice that max_tokens cut, maybe in a letter."""
    last = {
        piece.choice: number for number, (_, piece) in enumerate(exchange.placed_pieces)
    }
    for number, (held, piece) in enumerate(exchange.placed_pieces):
        cut = "length" in exchange.finishes.get(piece.choice, ())
        if not (cut and number == last[piece.choice]):
            yield held, piece


FINISH_REASONS = frozenset(
    {
        "stop",
        "length",
        "abort",  # vLLM's word for a request that was given up
        "model_length",
        "tool_calls",
        "error",
        "content_filter",
        "function_call",
    }
)


# Below this a stream is over before anybody could tell it from a whole response.
TELLABLE_SECONDS = 0.5  # seconds
MANY = 8  # text-bearing events


def arrived_at_once(exchange: Exchange) -> Findings:
    """
    A finding if the text of a stream took long and came in one or two reads.

    A fast engine is over before the difference shows, and one that waited in a
    queue still spreads its tokens over several reads.
    """
    objects(exchange)
    marks = exchange.timing.marks
    if len(marks) < MANY:
        raise NotApplicable(f"only {len(marks)} events carry text; too few to tell")
    if exchange.elapsed < TELLABLE_SECONDS:
        raise NotApplicable(
            f"the stream was over after {exchange.elapsed:.3f} s; too fast to tell"
        )
    moments = {mark.at for mark in marks}
    spread = marks[-1].at - marks[0].at
    if len(moments) <= 2 and spread < exchange.elapsed / 20:  # noqa: PLR2004  # a buffer may be flushed in two writes
        yield Finding(
            "the text came all at once",
            f"{len(marks)} events spread over {exchange.elapsed:.3f} s",
            f"all of them within {spread:.3f} s",
            event_location(marks[0].event, marks[0].at),
        )
