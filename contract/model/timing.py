"""Latency figures of one exchange, in seconds since the request was sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contract.model.chat import PieceKind

# A gap is a stall if it is long and stands out among the gaps of its stream.
STALL_SECONDS = 2.0
STALL_FACTOR = 20  # times the median gap


@dataclass(frozen=True, slots=True)
class Mark:
    """The arrival of non-empty text of one kind."""

    # Seconds since the request was sent.
    at: float
    kind: PieceKind
    # Number of the event that carries the text, from 0.
    event: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of one response, in seconds since the request was sent."""

    # Time to first byte of the body.
    ttfb: float | None
    # Time to the last byte.
    e2e: float | None
    # The text-bearing events in order, one mark per event and kind.
    marks: tuple[Mark, ...] = ()
    # Generated tokens as the usage states them.
    completion_tokens: int | None = None

    @property
    def ttft(self) -> float | None:
        """Time to first token: the first non-empty text, reasoning or answer."""
        return self.marks[0].at if self.marks else None

    @property
    def ttfo(self) -> float | None:
        """Time to first output: the first non-empty answer text."""
        return next((m.at for m in self.marks if m.kind is PieceKind.ANSWER), None)

    @property
    def reasoning_time(self) -> float | None:
        """TTFO - TTFT; None when either is missing."""
        if self.ttft is None or self.ttfo is None:
            return None
        return self.ttfo - self.ttft

    @property
    def icl(self) -> tuple[float, ...]:
        """
        Inter-chunk latencies: the gaps between successive text-bearing events.

        Events that arrived together have a gap of zero.
        """
        moments = {mark.event: mark.at for mark in self.marks}
        return tuple(later - sooner for sooner, later in pairwise(moments.values()))

    @property
    def stall_limit(self) -> float | None:
        """
        The seconds beyond which a gap of this stream is a stall; None without gaps.

        They are two seconds, or twenty times the median gap if that is more: a slow
        model has long gaps everywhere, but no stall.
        """
        median = percentile(self.icl, 50)
        return None if median is None else max(STALL_SECONDS, STALL_FACTOR * median)

    @property
    def tpot(self) -> float | None:
        """(last text - first text) / (completion_tokens - 1); None below two tokens."""
        if not self.marks or not self.completion_tokens or self.completion_tokens < 2:  # noqa: PLR2004  # two tokens make one gap
            return None
        return (self.marks[-1].at - self.marks[0].at) / (self.completion_tokens - 1)


def percentile(values: Iterable[float | None], percent: float) -> float | None:
    """
    Return the nearest-rank percentile of *values*, or None without any.

    *percent* is 0 to 100; None values are ignored. Nearest rank returns a value that
    was observed, which is what a latency report should state.
    """
    seen: Sequence[float] = sorted(v for v in values if v is not None)
    if not seen:
        return None
    rank = max(1, math.ceil(percent / 100 * len(seen)))
    return seen[rank - 1]
