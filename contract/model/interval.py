"""How well some samples know a percentile: the interval that the bootstrap gives."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, exp, lgamma, log

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile as it was seen, and between which values it may well lie."""

    low: float
    seen: float
    high: float


def interval(values: Iterable[float], percent: float) -> Interval | None:
    """
    The nearest-rank percentile of *values* with its 95 % interval; None without any.

    This is the bootstrap's percentile interval in the limit of endless resampling:
    how often a resampled percentile is at most the j-th of n values has a closed
    form, P(Binomial(n, j/n) >= rank) (Efron 1982, 10.2 for the median). Nothing is
    drawn, so the same values always give the same interval.
    """
    found = sorted(values)
    if not found:
        return None
    count = len(found)
    rank = max(1, ceil(percent / 100 * count))

    def least(share: float) -> float:
        place = bisect_left(
            range(1, count), share, key=lambda j: _at_least(rank, count, j / count)
        )
        return found[place]

    tail = (1 - CONFIDENCE) / 2
    return Interval(least(tail), found[rank - 1], least(1 - tail))


def _at_least(rank: int, count: int, share: float) -> float:
    """P(Binomial(count, share) >= rank), for a share between 0 and 1."""
    return sum(
        exp(
            lgamma(count + 1)
            - lgamma(hits + 1)
            - lgamma(count - hits + 1)
            + hits * log(share)
            + (count - hits) * log(1 - share)
        )
        for hits in range(rank, count + 1)
    )
