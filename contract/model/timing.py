"""Latency of one exchange, computed from moments; seconds since the request."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contract.model.chat import PieceKind


@dataclass(frozen=True, slots=True)
class Mark:
    """Non-empty text of one kind became readable at a moment."""

    at: float
    kind: PieceKind
    event: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """
    Moments of one response, all in seconds since the request was sent.

    `marks` are the text-bearing events in order, one mark per event and kind.
    """

    ttfb: float | None
    e2e: float | None
    marks: tuple[Mark, ...] = ()
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
        Inter-chunk latencies: gaps between successive text-bearing events.

        Events that arrived together have a gap of zero; that is the truth.
        """
        moments = {mark.event: mark.at for mark in self.marks}
        return tuple(later - sooner for sooner, later in pairwise(moments.values()))

    @property
    def tpot(self) -> float | None:
        """(last text - first text) / (completion_tokens - 1); None below two tokens."""
        if not self.marks or not self.completion_tokens or self.completion_tokens < 2:  # noqa: PLR2004  # two tokens make one gap
            return None
        return (self.marks[-1].at - self.marks[0].at) / (self.completion_tokens - 1)


def percentile(values: Iterable[float | None], percent: float) -> float | None:
    """
    The nearest-rank percentile; None when there is no value.

    Nearest rank returns a value that was really seen, which is what a latency
    report should name.
    """
    seen: Sequence[float] = sorted(v for v in values if v is not None)
    if not seen:
        return None
    rank = max(1, math.ceil(percent / 100 * len(seen)))
    return seen[rank - 1]
