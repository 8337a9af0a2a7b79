"""
Confidence intervals of a rate of right answers, side by side.

They answer different questions. `wilson` and `exact` take all answers as independent.
`within_items` holds for the same items only: how far the rate would move if the same
items were asked again. `clustered` holds for a set from which these items are a random
sample: whole items are resampled (arXiv:2411.00640, 2.2). All are at 95 %, and none is
widened for a test that stopped early.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from random import Random
from statistics import NormalDist

from contract.claims.design import binomial
from contract.model.interval import CONFIDENCE, Interval, share

RESAMPLES = 2_000
_SEED = 20_241_100_640  # the same answers always give the same interval
_STEPS = 40  # halvings: to a part in 10^12

wilson = share

Counts = Sequence[tuple[int, int]]
"""For each item the number of right answers, and of answers."""


def rate(items: Counts) -> float | None:
    """Return pass@1: the mean over the *items* of their share of right answers."""
    asked = [hits / count for hits, count in items if count]
    return sum(asked) / len(asked) if asked else None


def exact(hits: int, count: int) -> Interval | None:
    """
    Return the interval of Clopper and Pearson (1934) of a share; None without answers.

    Usage: `exact(206, 240).low`.
    """
    if count <= 0:
        return None
    tail = (1 - CONFIDENCE) / 2

    def at_most(value: float) -> float:
        start, chances = binomial(count, value)
        return sum(chances[: max(hits - start + 1, 0)])

    def fewer(value: float) -> float:
        start, chances = binomial(count, value)
        return sum(chances[: max(hits - start, 0)])

    low = 0.0 if not hits else _falling(lambda value: fewer(value) - (1 - tail))
    high = 1.0 if hits == count else _falling(lambda value: at_most(value) - tail)
    return Interval(low, hits / count, high)


def _falling(function: Callable[[float], float]) -> float:
    """Return where *function*, which falls, is 0 between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def within_items(items: Counts) -> Interval | None:
    """
    Return the interval of the rate on these very *items*; None with one answer each.

    Its error is what repeated answers to the same item differ by.
    """
    asked = [(hits, count) for hits, count in items if count]
    if not asked or any(count < 2 for _, count in asked):  # noqa: PLR2004  # a variance
        return None
    seen = sum(hits / count for hits, count in asked) / len(asked)
    variance = sum(
        hits / count * (1 - hits / count) / (count - 1) for hits, count in asked
    )
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * sqrt(variance) / len(asked)
    return Interval(max(seen - half, 0.0), seen, min(seen + half, 1.0))


def clustered(items: Counts) -> Interval | None:
    """
    Return the bootstrap interval of the rate with whole *items* resampled.

    None with fewer than two items. The percentile interval; equal answers give equal
    intervals, because the resampling is seeded.
    """
    means = [hits / count for hits, count in items if count]
    if len(means) < 2:  # noqa: PLR2004  # one item cannot vary
        return None
    draw, size = Random(_SEED), len(means)  # noqa: S311  # no secret
    found = sorted(sum(draw.choices(means, k=size)) / size for _ in range(RESAMPLES))
    place = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Interval(found[place], sum(means) / size, found[-place - 1])
