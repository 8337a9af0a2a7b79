"""Verdicts: what was not judged never decides, in either direction."""

from __future__ import annotations

import pytest

from contract.claims.design import Design
from contract.claims.verdict import Outcome, Verdict, decide

R, W = Outcome.RIGHT, Outcome.WRONG
DESIGN = Design(share=0.8614, items=30, draws=8)


def rounds(right, other=W, count=8):
    return [[R] * right + [other] * (30 - right) for _ in range(count)]


def test_the_published_rate_is_consistent_and_far_less_is_below():
    assert decide(DESIGN, rounds(26)).verdict is Verdict.CONSISTENT
    assert decide(DESIGN, rounds(21)).verdict is Verdict.BELOW


def test_the_first_look_that_decides_is_the_last():
    found = decide(DESIGN, rounds(10))

    assert found.verdict is Verdict.BELOW
    assert found.bound.draws == 1
    assert decide(DESIGN, rounds(10, count=1)) == found


def test_before_the_last_look_nothing_may_be_decided():
    found = decide(DESIGN, rounds(25, count=2))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "60 of 240 answers decide nothing yet" in found.why
    assert decide(DESIGN, []).bound is None


@pytest.mark.parametrize(
    "outcome", [Outcome.TRUNCATED, Outcome.REFUSED, Outcome.UNREADABLE]
)
def test_what_was_not_judged_is_neither_wrong_nor_right(outcome):
    found = decide(DESIGN, rounds(21, outcome))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "72 answers were not judged" in found.why
    # Unless it does not matter.
    assert decide(DESIGN, rounds(27, outcome)).verdict is Verdict.CONSISTENT
    mixed = [[R] * 10 + [W] * 19 + [outcome] for _ in range(8)]
    assert decide(DESIGN, mixed).verdict is Verdict.BELOW


def test_one_answer_to_each_of_30_items_says_what_it_would_take():
    once = Design(share=0.8614, items=30, draws=1)
    found = decide(once, rounds(30, count=1))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "raise --samples" in found.why


def test_a_rate_between_the_bounds_says_so():
    small = Design(share=0.7007, items=25, draws=4, covered=25 / 198)
    mixed = [[R] * 16 + [W] * 9 for _ in range(4)]

    assert "more --samples or items" in decide(small, mixed).why


def test_the_exit_codes_are_those_of_the_command_line():
    assert [one.exit_code for one in Verdict] == [0, 1, 3]
