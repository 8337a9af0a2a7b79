"""What the judges and faults of streams share: the chunk objects of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract.chat import Json, Kind, Piece
from contract.checks.base import NotApplicable
from contract.exchange import Chunk, Exchange
from contract.reply import Frame, Reply, payload

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
    last = {piece.choice: number for number, (_, piece) in enumerate(exchange.placed)}
    for number, (held, piece) in enumerate(exchange.placed):
        cut = "length" in exchange.finishes.get(piece.choice, ())
        if not (cut and number == last[piece.choice]):
            yield held, piece


def chunkwise(reply: Reply, change: Callable[[Object], Json]) -> Reply:
    """*change* applied to each chunk object of a stream; other replies stay."""
    if not reply.streamed:
        return reply
    return reply.change(
        lambda value: change(value) if isinstance(value, dict) else value
    )


def options(value: Object) -> tuple[Object, ...]:
    """The choices of one chunk object, as far as they are objects."""
    listed = value.get("choices")
    if not isinstance(listed, list):
        return ()
    return tuple(choice for choice in listed if isinstance(choice, dict))


def places(reply: Reply, kinds: frozenset[Kind] = frozenset(Kind)) -> tuple[int, ...]:
    """The numbers of the frames of a stream whose deltas say something."""
    if not reply.streamed:
        return ()
    return tuple(
        place
        for place, frame in enumerate(reply.frames)
        if any(
            piece.text and piece.kind in kinds
            for choice in options(chunk(frame))
            for piece in reply.dialect.decode(choice.get("delta"))
        )
    )


def chunk(frame: Frame) -> Object:
    """The chunk object of a frame; empty when it holds none."""
    value = payload(frame)
    return value if isinstance(value, dict) else {}
