"""
The sequential test: after which rounds it looks, and what it then decides.

Null hypothesis of `below`: the target's rate is the published one, p0, or higher. Null
hypothesis of `consistent`: it is p0 - margin, or lower. Answers come in rounds, one
answer to each item a round, and the test looks after some of them. The error of each
decision is spent over the looks by the O'Brien-Fleming-like function of Lan and DeMets
(1983), and the bounds are counts of right answers, found by the recursion of Armitage,
McPherson and Rowe (1969) with exact binomial probabilities instead of normal ones.

Why not Wald's SPRT: it takes answers to be independent, has no largest number of
answers, and stops in the middle of a round, when the items asked so far are no longer
the set that the figure is about.

Clustering: answers to one item are alike. Where all items of the published set are
asked, that is no error but an advantage: the sum of independent answers with different
rates varies less than a binomial one with their mean (Hoeffding 1956), so the bounds
are conservative. Where only a share f of the set is asked, its mean differs from that
of the set: with the variance (1 - f) r p (1 - p) / m between m items (Cochran, Sampling
Techniques, 10.3), where r is the correlation of answers to one item, estimated from the
answers. The mean of the items asked is then no number but a Beta distribution with this
variance, the same in all rounds. With f = 0 this is the item-clustered error of
arXiv:2411.00640.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, sqrt
from statistics import NormalDist

ERROR = 0.05  # of each decision
MARGIN = 0.10  # of the rate
LOOKS = 8
# An answer to each of 30 items says too little, whatever it is: no fewer answers are
# called consistent, though they may be called below.
LEAST_ANSWERS = 100
# What repeated answers to an item have in common before they are known: everything.
UNKNOWN_CORRELATION = 1.0
_NODES = 41  # of the distribution of the mean of the items
_WIDTH = 4.5  # its standard deviations on either side
_NEGLIGIBLE = 1e-13  # probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """
    A run as planned before its first answer.

    Usage: `Design(share=0.86, items=30, draws=8).bounds()`.
    """

    # The published rate, between 0 and 1.
    share: float
    # Items asked, and the answers to each of them at most.
    items: int
    draws: int
    # The difference that is to be noticed, as a part of 1.
    margin: float = MARGIN
    # The share of the published set that is asked, 0 to 1.
    covered: float = 1.0
    # The largest probability of a wrong `below`, and of a wrong `consistent`.
    error: float = ERROR

    @property
    def worse(self) -> float:
        """The rate of an endpoint that must not be called consistent."""
        return max(self.share - self.margin, 0.0)

    @property
    def answers(self) -> int:
        """The number of answers at most."""
        return self.items * self.draws

    def looks(self) -> tuple[int, ...]:
        """Return the numbers of rounds after which the test looks."""
        count = min(LOOKS, self.draws)
        return tuple(
            sorted({-(-self.draws * number // count) for number in range(1, count + 1)})
        )

    def bounds(self, correlation: float = UNKNOWN_CORRELATION) -> tuple[Bound, ...]:
        """
        Return the bounds of each look.

        *correlation* is that of answers to one item, 0 to 1; it matters only where not
        all items of the published set are asked.
        """
        # Rounded, so that what was computed for nearly the same one is found again.
        shared = 0.0 if self.covered >= 1 else min(max(round(correlation, 2), 0.0), 1.0)
        return _bounds(self, shared)

    def power(
        self, rate: float, correlation: float = UNKNOWN_CORRELATION
    ) -> tuple[float, float]:
        """
        Return how likely an endpoint of *rate* is called below, and consistent.

        With *correlation* as in `bounds`.
        """
        return _power(self, self.bounds(correlation), rate, correlation)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is decided after a round."""

    # The number of rounds, and of answers until then.
    draws: int
    answers: int
    # With so many right answers, or fewer, it is below; -1: with no number of them.
    below: int
    # With so many or more it is consistent; answers + 1: with no number of them.
    consistent: int


def spent(error: float, time: float) -> float:
    """
    Return the part of *error* that is spent at the information time *time*, 0 to 1.

    The O'Brien-Fleming-like function of Lan and DeMets (1983), one-sided.
    """
    if time <= 0:
        return 0.0
    if time >= 1:
        return error
    normal = NormalDist()
    return 2 - 2 * normal.cdf(normal.inv_cdf(1 - error / 2) / sqrt(time))


def correlation(right: Sequence[int], draws: int) -> float:
    """
    Return the correlation of answers to one item that the bounds reckon with, 0 to 1.

    *right* has the number of right answers among *draws* for each item. It is that of
    a one-way analysis of variance with its standard error added (Smith 1956), because
    it is estimated from few items. With one answer or one item nothing is known of it,
    and it is 1.
    """
    count = len(right)
    if draws < 2 or count < 2:  # noqa: PLR2004  # of which there is a variance
        return UNKNOWN_CORRELATION
    means = [hits / draws for hits in right]
    mean = sum(means) / count
    between = sum((one - mean) ** 2 for one in means) / (count - 1)
    within = sum(one * (1 - one) for one in means) / count * draws / (draws - 1)
    shared = max(between - within / draws, 0.0)
    if not shared + within:
        return UNKNOWN_CORRELATION
    seen = shared / (shared + within)
    spread = (1 - seen) * (1 + (draws - 1) * seen)
    return min(seen + spread * sqrt(2 / (draws * (draws - 1) * (count - 1))), 1.0)


@lru_cache(maxsize=256)
def _bounds(design: Design, shared: float) -> tuple[Bound, ...]:
    looks = design.looks()
    times = _times(design, shared, looks)
    below = _Walk(design, design.share, shared)
    above = _Walk(design, design.worse, shared)
    found: list[Bound] = []
    gone_below = gone_above = 0.0
    for draws, time in zip(looks, times, strict=True):
        answers = draws * design.items
        error = spent(design.error, time)
        tail = below.advance(draws)
        count, used = -1, 0.0
        while count < answers and gone_below + used + tail[count + 1] <= error:
            count += 1
            used += tail[count]
        gone_below += used
        below.keep(count + 1, answers)
        tail = above.advance(draws)
        limit, used = answers + 1, 0.0
        if answers >= LEAST_ANSWERS:
            while limit > 0 and gone_above + used + tail[limit - 1] <= error:
                limit -= 1
                used += tail[limit]
        gone_above += used
        above.keep(0, limit - 1)
        found.append(Bound(draws, answers, count, limit))
    return tuple(found)


def _times(design: Design, shared: float, looks: Sequence[int]) -> list[float]:
    """Return the share of the information that there is at each look."""
    fixed = shared * (1 - min(design.covered, 1.0))
    last = fixed + 1 / looks[-1]
    return [last / (fixed + 1 / draws) for draws in looks]


def _power(
    design: Design, bounds: Sequence[Bound], rate: float, correlation_: float
) -> tuple[float, float]:
    shared = 0.0 if design.covered >= 1 else correlation_
    walk = _Walk(design, rate, shared)
    below = consistent = 0.0
    for bound in bounds:
        chances = walk.advance(bound.draws)
        below += sum(chances[: bound.below + 1])
        # A count beyond both bounds is below (`contract.claims.verdict`).
        above = max(bound.consistent, bound.below + 1)
        consistent += sum(chances[above:])
        walk.keep(bound.below + 1, bound.consistent - 1)
    return below, consistent


class _Walk:
    """The number of right answers of an endpoint of one rate, from look to look."""

    def __init__(self, design: Design, rate: float, shared: float) -> None:
        self._items = design.items
        spread = (1 - min(design.covered, 1.0)) * shared * rate * (1 - rate)
        self._nodes = _means(rate, spread / design.items)
        self._draws = 0
        # For each mean of the items: the chance of each count, and the least count.
        self._chances: list[list[float]] = [[weight] for weight, _ in self._nodes]
        self._least = [0 for _ in self._nodes]

    def advance(self, draws: int) -> list[float]:
        """Return the chance of each count after *draws* rounds, none of them left."""
        further = (draws - self._draws) * self._items
        self._draws = draws
        total = [0.0] * (draws * self._items + 1)
        for number, (_, mean) in enumerate(self._nodes):
            start, steps = binomial(further, mean)
            before, least = self._chances[number], self._least[number] + start
            after = [0.0] * (len(before) + len(steps) - 1) if before else []
            for place, chance in enumerate(before):
                if chance > _NEGLIGIBLE:
                    for step, weight in enumerate(steps):
                        after[place + step] += chance * weight
            self._chances[number], self._least[number] = after, least
            for place, chance in enumerate(after):
                total[least + place] += chance
        return total

    def keep(self, low: int, high: int) -> None:
        """Keep only the counts from *low* to *high*."""
        for number, chances in enumerate(self._chances):
            least = self._least[number]
            first = min(max(low - least, 0), len(chances))
            last = max(min(high - least + 1, len(chances)), first)
            self._chances[number] = chances[first:last]
            self._least[number] = least + first


def _means(mean: float, variance: float) -> list[tuple[float, float]]:
    """Return weights and places of a Beta distribution, as (weight, place)."""
    variance = min(variance, 0.98 * mean * (1 - mean))
    if variance <= 0:
        return [(1.0, mean)]
    size = mean * (1 - mean) / variance - 1
    width = _WIDTH * sqrt(variance)
    low, high = max(mean - width, 0.0), min(mean + width, 1.0)
    step = (high - low) / _NODES
    places = [low + step * (number + 0.5) for number in range(_NODES)]
    logs = [
        (mean * size - 1) * log(place) + ((1 - mean) * size - 1) * log(1 - place)
        for place in places
    ]
    top = max(logs)
    weights = [exp(one - top) for one in logs]
    total = sum(weights)
    return [(weight / total, at) for weight, at in zip(weights, places, strict=True)]


@lru_cache(maxsize=4_096)
def binomial(count: int, share: float) -> tuple[int, list[float]]:
    """
    Return the chances of Binomial(*count*, *share*), without the negligible ends.

    The first element is the count that the first chance is of.
    """
    if share <= 0 or share >= 1:
        return (0 if share <= 0 else count), [1.0]
    first = lgamma(count + 1)
    ups, downs = log(share), log(1 - share)
    chances = [
        exp(
            first
            - lgamma(hits + 1)
            - lgamma(count - hits + 1)
            + hits * ups
            + (count - hits) * downs
        )
        for hits in range(count + 1)
    ]
    kept = [number for number, chance in enumerate(chances) if chance > _NEGLIGIBLE]
    return kept[0], chances[kept[0] : kept[-1] + 1]
