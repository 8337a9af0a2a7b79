"""Confidence intervals: of percentiles (bootstrap, order statistics), of shares."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, exp, lgamma, log, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """What was observed and its confidence interval, in the unit of the values."""

    # Lower end of the interval; of a percentile, one of the values.
    low: float
    # The nearest-rank percentile of the values, or the share.
    seen: float
    # Upper end of the interval; of a percentile, one of the values.
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


@dataclass(frozen=True, slots=True)
class Bounds:
    """A percentile and its interval by order statistics, in the unit of the values."""

    # Lower end; None if there are too few values for one.
    low: float | None
    # The nearest-rank percentile of the values.
    seen: float
    # Upper end; None if there are too few values for one.
    high: float | None


def order_bounds(values: Iterable[float], percent: float) -> Bounds | None:
    """
    Return the nearest-rank percentile of *values* with its 95 % interval.

    *percent* is between 0 and 100. None without values.

    The ends are values: the j-th smallest of n is above the percentile p exactly if
    fewer than j values lie below it, whose number is Binomial(n, p). So the interval
    holds the percentile with at least 95 % for independent values of any distribution
    (David and Nagaraja, Order Statistics, 7.1). Unlike the bootstrap interval it has no
    upper end that too few values cannot show; `needed` says how many it takes.
    """
    ordered = sorted(values)
    if not ordered:
        return None
    count, share = len(ordered), percent / 100
    tail = (1 - CONFIDENCE) / 2
    # P(Binomial >= rank) falls with the rank, from 1 to n.
    ranks = range(1, count + 1)

    def falling(rank: int) -> float:
        return -_at_least(rank, count, share)

    low = bisect_right(ranks, tail - 1, key=falling)  # the last that is certain
    high = bisect_left(ranks, -tail, key=falling)  # before the first that is unlikely
    return Bounds(
        ordered[low - 1] if low else None,
        ordered[max(1, ceil(share * count)) - 1],
        ordered[high] if high < count else None,
    )


def needed(percent: float) -> int:
    """
    Return the least number of values for which `order_bounds` has an upper end.

    All of n values lie below the percentile p with p to the n-th power, so it takes 72
    for the 95th percentile and 368 for the 99th.
    """
    return ceil(log((1 - CONFIDENCE) / 2) / log(percent / 100))


def share(hits: int, count: int) -> Interval | None:
    """
    Return the share of *hits* among *count* with its 95 % interval, from 0 to 1.

    None if *count* is 0. The score interval of Wilson (1927) is used, because that of
    the normal distribution has no width where all or none are hits.
    """
    if count <= 0:
        return None
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    seen = hits / count
    centre = (seen + z * z / (2 * count)) / (1 + z * z / count)
    width = sqrt(seen * (1 - seen) / count + (z / (2 * count)) ** 2)
    half = z * width / (1 + z * z / count)
    return Interval(
        min(max(centre - half, 0.0), seen), seen, max(min(centre + half, 1.0), seen)
    )


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
