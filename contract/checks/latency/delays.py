"""Latency budgets, and delays added to replies by faults."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, count

from contract.checks.faults.chunks import text_frames
from contract.model.chat import PieceKind
from contract.model.check import NotApplicable
from contract.model.exchange import Exchange
from contract.model.reply import Frame, Reply

TEXT_KINDS = frozenset({PieceKind.REASONING, PieceKind.ANSWER})


def required_budget(samples: tuple[Exchange, ...], name: str) -> float:
    """
    Return the budget *name* of the profile, in seconds or tokens per second.

    Raise `NotApplicable` if the profile does not set it.
    """
    found: float | None = getattr(samples[0].profile.budget, name)
    if found is None:
        raise NotApplicable(f"the profile sets no budget; add budget.{name}")
    return found


def text_positions(reply: Reply) -> tuple[int, ...]:
    """Return the positions of the frames that contain reasoning or answer text."""
    return text_frames(reply, TEXT_KINDS)


def delayed_from(reply: Reply, first: int, seconds: float) -> Reply:
    """
    Return *reply* with a delay of *seconds* before the frame at position *first*.

    All frames after that one are delayed as well.
    """
    return reply.with_frames(
        Frame(frame.at + seconds * (position >= first), frame.data)
        for position, frame in enumerate(reply.frames)
    )


def slowed_at(reply: Reply, positions: Iterable[int], seconds: float) -> Reply:
    """
    Return *reply* with a delay of *seconds* before each frame at *positions*.

    Delays add up: a frame is late by the delays of all frames before it as well.
    """
    slowed = frozenset(positions)
    delays = accumulate(seconds * (position in slowed) for position in count())
    return reply.with_frames(
        Frame(frame.at + delay, frame.data)
        for frame, delay in zip(reply.frames, delays, strict=False)  # endless delays
    )
