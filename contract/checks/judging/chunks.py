"""Chunk objects of a stream: selection, choices, arrival."""

from __future__ import annotations

from collections.abc import Iterator

from contract.model.chat import Json, Piece
from contract.model.check import NotApplicable
from contract.model.exchange import Chunk, Exchange
from contract.model.response_kind import is_error

Object = dict[str, Json]


def chunk_objects(exchange: Exchange) -> tuple[tuple[Chunk, Object], ...]:
    """
    Return the folded chunks of a stream with their JSON objects, without error events.

    Raises `NotApplicable` if there are none; other checks report that.
    """
    if not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    found = tuple(
        (chunk, chunk.json)
        for chunk in exchange.folded
        if isinstance(chunk.json, dict) and not is_error(chunk.json)
    )
    if not found:
        raise NotApplicable("the stream contains no chunk")
    return found


def requested_choices(exchange: Exchange) -> int:
    """Return the `n` of the request, or 1."""
    count = exchange.sent.get("n")
    known = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return count if known else 1  # type: ignore[return-value]  # it is an integer


def last_event(exchange: Exchange) -> int:
    """Return the number of the last event that holds a chunk."""
    return max(
        (
            chunk.event
            for chunk in exchange.folded
            if isinstance(chunk.json, dict) and not is_error(chunk.json)
        ),
        default=0,
    )


def choices(exchange: Exchange) -> tuple[tuple[Chunk, int, Object], ...]:
    """
    Return every choice of every folded chunk, with its index.

    Raises `NotApplicable` if there are none.
    """
    chunk_objects(exchange)
    found = tuple(
        (chunk, choice_index(choice), choice)
        for chunk, choice in exchange.folded_choices
    )
    if not found:
        raise NotApplicable("the stream contains no choice")
    return found


def choice_index(choice: Object) -> int:
    """Return the index of a choice; 0 if it has none."""
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def delta_pieces(exchange: Exchange, choice: Object) -> tuple[Piece, ...]:
    """Return the pieces of one delta that have text or a call, markers included."""
    pieces = exchange.profile.dialect.decode(choice.get("delta"))
    return tuple(piece for piece in pieces if piece.text or piece.call)


def uncut_pieces(exchange: Exchange) -> Iterator[tuple[Chunk, Piece]]:
    """
    Yield all pieces except the last one of each choice that max_tokens cut off.

    The last one may end within a multi-byte character.
    """
    last = {
        piece.choice: place for place, (_, piece) in enumerate(exchange.placed_pieces)
    }
    for place, (chunk, piece) in enumerate(exchange.placed_pieces):
        cut = "length" in exchange.finishes.get(piece.choice, ())
        if not (cut and place == last[piece.choice]):
            yield chunk, piece


FINISH_REASONS = frozenset(
    {
        "stop",
        "length",
        "abort",  # vLLM, for a request that was aborted
        "model_length",
        "tool_calls",
        "error",
        "content_filter",
        "function_call",
    }
)
