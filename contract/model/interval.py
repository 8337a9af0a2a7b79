"""Bootstrap confidence intervals of percentiles."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, exp, lgamma, log

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An observed percentile and its confidence interval, in the unit of the values."""

    # Lower end of the interval, one of the values.
    low: float
    # The nearest-rank percentile of the values.
    seen: float
    # Upper end of the interval, one of the values.
    high: float


def interval(values: Iterable[float], percent: float) -> Interval | None:
    """
    Return the nearest-rank percentile of *values* with its 95 % interval.

    *percent* is 0 to 100. None without values.

    This is the bootstrap percentile interval in the limit of infinite resampling: the
    probability that a resampled percentile is at most the j-th of n values has a
    closed form, P(Binomial(n, j/n) >= rank) (Efron 1982, 10.2 for the median). No
    random numbers are drawn, so the same values always give the same interval.
    """
    ordered = sorted(values)
    if not ordered:
        return None
    count = len(ordered)
    rank = max(1, ceil(percent / 100 * count))

    def quantile(share: float) -> float:
        place = bisect_left(
            range(1, count), share, key=lambda j: _at_least(rank, count, j / count)
        )
        return ordered[place]

    tail = (1 - CONFIDENCE) / 2
    return Interval(quantile(tail), ordered[rank - 1], quantile(1 - tail))


def _at_least(rank: int, count: int, share: float) -> float:
    """Return P(Binomial(count, share) >= rank), for a share between 0 and 1."""
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
