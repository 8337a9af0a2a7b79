"""
Distances between replies, and tests of whether two sets of them differ.

Everything is a function of its arguments: permutations that cannot be enumerated are
drawn from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from contract.identity.observations import Step

# Values up to which all signs are enumerated: 2**14 sums.
_ENUMERATED = 14
DRAWS = 1_999
"""Permutations that are drawn where they cannot be enumerated."""
_SEED = 20_261_127


def distance(one: Sequence[Step], other: Sequence[Step]) -> float | None:
    """
    Return the mean difference of the log probabilities of two replies, in nats.

    Positions are compared up to the first where another token was generated, that one
    included: what follows has another context. A token that one side does not list is
    less likely there than all that it lists, so it counts by at least that difference.
    None if there is nothing to compare. This is the distance of Logprob Tracking
    (arXiv 2512.03816), for top-k lists of which the tail is unknown.
    """
    values: list[float] = []
    for here, there in zip(one, other, strict=False):
        values.append(_step_distance(here.top, there.top))
        if here.token != there.token:
            break
    return sum(values) / len(values) if values else None


def _step_distance(one: dict[str, float], other: dict[str, float]) -> float:
    floors = min(one.values()), min(other.values())
    total = 0.0
    tokens = {**one, **other}
    for token in tokens:
        here, there = one.get(token), other.get(token)
        if here is None:
            total += max(other[token] - floors[0], 0.0)
        elif there is None:
            total += max(here - floors[1], 0.0)
        else:
            total += abs(here - there)
    return total / len(tokens)


def sign_flip(values: Sequence[float]) -> float:
    """
    Return the p-value of a mean above 0, by flipping the signs of *values*.

    One-sided and exact where each value is symmetric about 0 or below; up to 14 values
    all signs are enumerated, for more `DRAWS` are drawn. It is 1 without values.
    """
    if not values:
        return 1.0
    seen = sum(values)
    slack = 1e-12 * max(1.0, abs(seen))
    if len(values) <= _ENUMERATED:
        sums = [0.0]
        for value in values:
            sums = [*(s + value for s in sums), *(s - value for s in sums)]
        return sum(s >= seen - slack for s in sums) / len(sums)
    random = Random(_SEED)  # noqa: S311  # not a secret
    hits = sum(
        sum(v if random.getrandbits(1) else -v for v in values) >= seen - slack
        for _ in range(DRAWS)
    )
    return (1 + hits) / (1 + DRAWS)


Group = tuple[Sequence[str], Sequence[str]]
"""The texts of one prompt from two endpoints."""


def kernel(one: str, other: str) -> float:
    """
    Return the share of equal characters at equal places: the Hamming kernel.

    That of Model Equality Testing (arXiv 2410.20247), 4.1. Two empty texts are equal.
    """
    longest = max(len(one), len(other))
    if not longest:
        return 1.0
    return sum(a == b for a, b in zip(one, other, strict=False)) / longest


class TextTest:
    """
    The two-sample test of Model Equality Testing: MMD over the texts of each prompt.

    The permutations stay within a prompt, so the test is exact whatever the replies
    are distributed as, if those of one endpoint can be exchanged.

    Usage: `TextTest([(["red", "blue"], ["red", "red"])]).p`.
    """

    def __init__(self, groups: Iterable[Group]) -> None:
        """Compute the kernels of all *groups* with a text on both sides."""
        self._groups = [(tuple(a), tuple(b)) for a, b in groups if a and b]
        self._kernels = [_matrix((*a, *b)) for a, b in self._groups]
        self._null: list[float] | None = None

    @property
    def replies(self) -> int:
        """The number of replies of both endpoints."""
        return sum(len(a) + len(b) for a, b in self._groups)

    @property
    def statistic(self) -> float:
        """The squared MMD, summed over the prompts."""
        return self._statistic([_places(a, b) for a, b in self._groups])

    def _statistic(self, splits: Sequence[tuple[list[int], list[int]]]) -> float:
        return sum(
            _mmd(matrix, a, b)
            for matrix, (a, b) in zip(self._kernels, splits, strict=True)
        )

    @property
    def null(self) -> list[float]:
        """The statistics of `DRAWS` permutations, ascending."""
        if self._null is None:
            random = Random(_SEED)  # noqa: S311  # not a secret
            self._null = sorted(self._permuted(random) for _ in range(DRAWS))
        return self._null

    def _permuted(self, random: Random) -> float:
        splits = []
        for a, b in self._groups:
            order = list(range(len(a) + len(b)))
            random.shuffle(order)
            splits.append((order[: len(a)], order[len(a) :]))
        return self._statistic(splits)

    @property
    def p(self) -> float:
        """The p-value; 1 without replies."""
        if not self._groups:
            return 1.0
        seen = self.statistic - 1e-12
        return (1 + sum(value >= seen for value in self.null)) / (1 + DRAWS)


def _places(a: Sequence[str], b: Sequence[str]) -> tuple[list[int], list[int]]:
    return list(range(len(a))), list(range(len(a), len(a) + len(b)))


def _matrix(texts: Sequence[str]) -> list[list[float]]:
    return [[kernel(one, other) for other in texts] for one in texts]


def _mmd(matrix: list[list[float]], a: Sequence[int], b: Sequence[int]) -> float:
    """Return the biased squared MMD, which is defined for single replies too."""
    within_a = sum(matrix[i][j] for i in a for j in a) / len(a) ** 2
    within_b = sum(matrix[i][j] for i in b for j in b) / len(b) ** 2
    between = sum(matrix[i][j] for i in a for j in b) / (len(a) * len(b))
    return within_a + within_b - 2 * between


def holm(p_values: dict[str, float], level: float) -> frozenset[str]:
    """
    Return the names of the tests that reject, with *level* for all of them together.

    Holm (1979): the smallest p-value is compared with level / m, the next with
    level / (m - 1), and so on until one is above.
    """
    rejected: list[str] = []
    ordered = sorted(p_values, key=lambda name: p_values[name])
    for number, name in enumerate(ordered):
        if p_values[name] > level / (len(ordered) - number):
            break
        rejected.append(name)
    return frozenset(rejected)
