"""
The verdict: consistent with the published rate, below it, or inconclusive.

An answer that was cut off below the published limit, refused, or unreadable was not
shown to be wrong. So it counts as right where the question is whether the target is
below, and as wrong where the question is whether it is consistent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from contract.claims.design import LEAST_ANSWERS, Bound, Design, correlation


class Outcome(StrEnum):
    """What one answer turned out to be."""

    RIGHT = "right"
    WRONG = "wrong"
    # Cut off by a limit below the published one; at that one it is wrong.
    TRUNCATED = "truncated"
    # The server answered with an error, or not at all.
    REFUSED = "refused"
    # No final answer could be found in the text.
    UNREADABLE = "unreadable"

    @property
    def judged(self) -> bool:
        """Whether it was shown to be right or wrong."""
        return self in {Outcome.RIGHT, Outcome.WRONG}


class Verdict(StrEnum):
    """What the answers say about the published rate."""

    CONSISTENT = "consistent"
    BELOW = "below"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """The exit code of the command line."""
        return {Verdict.CONSISTENT: 0, Verdict.BELOW: 1}.get(self, 3)


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, and how it came about."""

    verdict: Verdict
    # Why, as a clause without a full stop.
    why: str
    # The bounds of the look that decided, or of the last look; None before the first.
    bound: Bound | None = None


def decide(design: Design, rounds: Sequence[Sequence[Outcome]]) -> Decision:
    """
    Return the decision after *rounds*, each of which has one outcome of each item.

    It looks after the rounds that *design* names, and the first look that decides is
    the last. Usage: `decide(design, rounds).verdict`.
    """
    bound = None
    for number, draws in enumerate(design.looks()):
        if len(rounds) < draws:
            break
        seen = rounds[:draws]
        hits = [sum(r[i] is Outcome.RIGHT for r in seen) for i in range(design.items)]
        bound = design.bounds(correlation(hits, draws))[number]
        right = sum(hits)
        unsettled = sum(not one.judged for r in seen for one in r)
        if right + unsettled <= bound.below:
            return Decision(Verdict.BELOW, _below(bound, right, unsettled), bound)
        if right >= bound.consistent:
            return Decision(Verdict.CONSISTENT, _consistent(bound, right), bound)
    if bound is None:
        return Decision(
            Verdict.INCONCLUSIVE,
            f"{len(rounds)} complete rounds; the first look is after "
            f"{design.looks()[0]}",
        )
    return Decision(Verdict.INCONCLUSIVE, _open(design, bound, right, unsettled), bound)


def _below(bound: Bound, right: int, unsettled: int) -> str:
    also = f" and {unsettled} not judged" if unsettled else ""
    return (
        f"{right} right{also} of {bound.answers} answers; {bound.below} or fewer are "
        "below"
    )


def _consistent(bound: Bound, right: int) -> str:
    return (
        f"{right} right of {bound.answers} answers; {bound.consistent} or more are "
        "consistent"
    )


def _open(design: Design, bound: Bound, right: int, unsettled: int) -> str:
    """Return why nothing is decided after the look with *bound*."""
    if bound.draws < design.draws:
        return f"{bound.answers} of {design.answers} answers decide nothing yet"
    if bound.answers < LEAST_ANSWERS:
        return (
            f"{bound.answers} answers are too few to be called consistent, whatever "
            f"they are; it takes {LEAST_ANSWERS} at least: raise --samples"
        )
    if right + unsettled >= bound.consistent or right <= bound.below:
        return (
            f"{unsettled} answers were not judged, and they would decide: see how many "
            "were truncated, refused and unreadable"
        )
    return (
        f"{right} right of {bound.answers} answers lie between {bound.below} and "
        f"{bound.consistent}; more --samples or items would decide"
    )
