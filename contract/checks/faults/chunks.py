"""Changes to the chunk objects of a stream."""

from __future__ import annotations

from collections.abc import Callable

from contract.checks.judging.chunks import Object
from contract.model.chat import Json, PieceKind
from contract.model.reply import Frame, Reply, event_json


def map_chunks(reply: Reply, change: Callable[[Object], Json]) -> Reply:
    """Return a stream with *change* applied to each chunk object, others as is."""
    if not reply.streamed:
        return reply
    return reply.change(
        lambda value: change(value) if isinstance(value, dict) else value
    )


def choices_of(value: Object) -> tuple[Object, ...]:
    """Return the choices of one chunk object, without those that are not objects."""
    listed = value.get("choices")
    if not isinstance(listed, list):
        return ()
    return tuple(choice for choice in listed if isinstance(choice, dict))


def text_frames(
    reply: Reply, kinds: frozenset[PieceKind] = frozenset(PieceKind)
) -> tuple[int, ...]:
    """
    Return the indices of the frames in a stream that contain text of *kinds*.

    Empty for a reply that is not a stream.
    """
    if not reply.streamed:
        return ()
    return tuple(
        place
        for place, frame in enumerate(reply.frames)
        if any(
            piece.text and piece.kind in kinds
            for choice in choices_of(chunk_of(frame))
            for piece in reply.dialect.decode(choice.get("delta"))
        )
    )


def chunk_of(frame: Frame) -> Object:
    """Return the chunk object in a frame; empty if there is none."""
    value = event_json(frame)
    return value if isinstance(value, dict) else {}
