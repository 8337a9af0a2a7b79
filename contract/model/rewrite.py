"""Rewriting of replies: changed text, encoded again in the same dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from contract.model import sse
from contract.model.chat import Json, Piece
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.reply import Frame, Reply, encode_json, event_json, rehearse
from contract.model.strict_json import MISSING

PieceChange = Callable[[tuple[Piece, ...]], Iterable[Piece]]
"""The pieces of one choice, in order -> the pieces to put in their place."""

# Stands for a request that could not be parsed; it is not sent.
_READER = Probe(name="retold")


def decode_reply(reply: Reply) -> Exchange:
    """Return *reply* as a client of its dialect receives and decodes it."""
    profile = Profile(id=reply.dialect.id, dialect=reply.dialect)
    return rehearse(reply, reply.probe or _READER, profile)


def rewrite_pieces(reply: Reply, change: PieceChange) -> Reply:
    """
    Return *reply* with the pieces of every choice replaced by *change* of them.

    *change* receives the pieces of one choice in order, one for each that was sent.
    Ids, finish reasons, usage and times stay. A choice whose pieces do not change
    stays byte for byte, and so does a reply without text.
    """
    sent: dict[int, list[Piece]] = {}
    for _, piece in decode_reply(reply).placed_pieces:
        sent.setdefault(piece.choice, []).append(piece)
    for choice, before in sent.items():
        after = tuple(change(tuple(before)))
        if after != tuple(before):
            rewrite = _rewrite_stream if reply.streamed else _rewrite_message
            reply = rewrite(reply, choice, after)
    return reply


def _choice(value: object, index: int) -> dict[str, Json] | None:
    choices = value.get("choices") if isinstance(value, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and choice.get("index", 0) == index:
            return choice
    return None


def _rewrite_message(reply: Reply, index: int, pieces: tuple[Piece, ...]) -> Reply:
    def changed(value: Json) -> Json:
        if (choice := _choice(value, index)) is not None:
            choice["message"] = reply.dialect.message(pieces)
        return value

    return reply.change(changed)


def _rewrite_stream(reply: Reply, index: int, pieces: tuple[Piece, ...]) -> Reply:
    """
    Put the new deltas in the places of the old ones, and the rest after the last.

    The event with the finish reason keeps its place and carries text only if it did
    before. Log-probabilities stay, where need be in an event without text.
    """
    slots, last = _slots(reply, index)
    deltas = list(reply.dialect.encode(pieces))
    if not slots or not deltas:
        return reply
    final = [deltas.pop()] if last is not None else []
    places = frozenset(slots)
    frames: list[Frame] = []
    for number, frame in enumerate(reply.frames):
        if number == last:
            frames += _with_deltas(frame, index, final)
        elif number not in places:
            frames.append(frame)
        else:
            take = len(deltas) if number == slots[-1] else 1
            texts = deltas[:take] or ([{}] if _has_logprobs(frame, index) else [])
            frames += _with_deltas(frame, index, texts)
            del deltas[:take]
    return reply.with_frames(frames)


def _slots(reply: Reply, index: int) -> tuple[list[int], int | None]:
    """Return the frames of a choice before its finish, and that one if it has text."""
    slots: list[int] = []
    for number, frame in enumerate(reply.frames):
        value = event_json(frame)
        choice = None if value is MISSING else _choice(value, index)
        if choice is None:
            continue
        if choice.get("finish_reason") is None:
            slots.append(number)
        elif any(p.text or p.call for p in reply.dialect.decode(choice.get("delta"))):
            return slots, number
    return slots, None


def _has_logprobs(frame: Frame, index: int) -> bool:
    choice = _choice(event_json(frame), index)
    return choice is not None and choice.get("logprobs") is not None


def _with_deltas(
    frame: Frame, index: int, deltas: list[dict[str, Json]]
) -> Iterator[Frame]:
    """Yield the event once for each delta; the first keeps the log-probabilities."""
    for number, delta in enumerate(deltas):
        value = event_json(frame)
        choice = _choice(value, index)
        if choice is None:
            yield frame
            continue
        choice["delta"] = dict(delta)
        if number and choice.get("logprobs") is not None:
            choice["logprobs"] = None
        yield replace(frame, data=sse.encode(encode_json(value)))  # type: ignore[arg-type]  # a payload with a choice is JSON


def rewrite_usage(reply: Reply, change: Callable[[dict[str, Json]], None]) -> Reply:
    """Return *reply* with every usage object modified in place by *change*."""

    def changed(value: Json) -> Json:
        usage = value.get("usage") if isinstance(value, dict) else None
        if isinstance(usage, dict):
            change(usage)
        return value

    return reply.change(changed)
