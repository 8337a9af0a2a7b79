"""What judges and faults of latency share: the budget, and replies that come late."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, count

from contract.checks.faults.chunks import text_frames
from contract.model.chat import PieceKind
from contract.model.check import NotApplicable
from contract.model.exchange import Exchange
from contract.model.reply import (
    Frame,
    Reply,
)

SPOKEN = frozenset({PieceKind.REASONING, PieceKind.ANSWER})


def bound(samples: tuple[Exchange, ...], name: str) -> float:
    """The budget of that name; without one there is nothing to judge."""
    found: float | None = getattr(samples[0].profile.budget, name)
    if found is None:
        raise NotApplicable(f"the profile sets no budget; add budget.{name}")
    return found


def texts(reply: Reply) -> tuple[int, ...]:
    """The numbers of the frames of a stream that carry thought or answer."""
    return text_frames(reply, SPOKEN)


def later(reply: Reply, first: int, seconds: float) -> Reply:
    """*reply* with the frame of that number, and all after it, so much later."""
    return reply.with_frames(
        Frame(frame.at + seconds * (number >= first), frame.data)
        for number, frame in enumerate(reply.frames)
    )


def slower(reply: Reply, numbers: Iterable[int], seconds: float) -> Reply:
    """*reply* with so much more time before each of those frames."""
    slowed = frozenset(numbers)
    waits = accumulate(seconds * (number in slowed) for number in count())
    return reply.with_frames(
        Frame(frame.at + wait, frame.data)
        for frame, wait in zip(reply.frames, waits, strict=False)  # count has no end
    )
