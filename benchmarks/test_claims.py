"""
How often planted endpoints are called below, consistent and inconclusive by `claims`.

The endpoints are drawn, the decisions are those of `contract.claims.verdict`. All
answers of an endpoint have the rate of their item, which is the same for all items, or
differs between them as a Beta distribution does. Usage::

    pytest benchmarks/test_claims.py -n 0 -s
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from contract.claims.design import Design
from contract.claims.intervals import wilson
from contract.claims.published import published
from contract.claims.verdict import Outcome, Verdict, decide

TRIALS = 400
AIME24 = published().figure("magistral-small-1-2", "aime24").share
AIME25 = published().figure("magistral-small-1-2", "aime25").share
GPQA = published().figure("magistral-small-1-2", "gpqa").share
# The set that is asked whole, and two of which a package holds a part.
WHOLE = Design(share=AIME24, items=30, draws=8)
PART = Design(share=AIME25, items=25, draws=9, covered=25 / 30)
SMALL_PART = Design(share=GPQA, items=25, draws=9, covered=25 / 198)
# The size a + b of the Beta distribution of the rates; None: all items are alike.
SPREADS = {"alike": None, "Beta size 4": 4.0, "Beta size 1": 1.0, "Beta size 0.3": 0.3}


def rates_of(draw, items, mean, size):
    """The rates of *items*, of which the mean is *mean*."""
    if size is None:
        return [mean] * items
    rates = [draw.betavariate(mean * size, (1 - mean) * size) for _ in range(items)]
    for _ in range(200):
        missing = mean - sum(rates) / items
        rates = [min(max(rate + missing, 0.0), 1.0) for rate in rates]
    return rates


def trial(draw, design, mean, size):
    """The verdict about one endpoint, and the answers that it took."""
    of_set = round(design.items / design.covered)
    rates = draw.sample(rates_of(draw, of_set, mean, size), design.items)
    rounds = []
    for number in range(1, design.draws + 1):
        rounds.append(
            [Outcome.RIGHT if draw.random() < p else Outcome.WRONG for p in rates]
        )
        if number in design.looks():
            decision = decide(design, rounds)
            if decision.verdict is not Verdict.INCONCLUSIVE:
                break
    return decision.verdict, number * design.items


def verdicts(design, mean, size, seed=1):
    """How often each verdict was found in all trials; the answers on average."""
    draw, found, answers = Random(seed), Counter(), 0  # noqa: S311  # no secret
    for _ in range(TRIALS):
        verdict, asked = trial(draw, design, mean, size)
        found[verdict] += 1
        answers += asked
    return found, answers / TRIALS


def show(title, found, answers):
    shares = ", ".join(
        f"{verdict} {100 * at.seen:.1f} % [{100 * at.low:.1f} to {100 * at.high:.1f}]"
        for verdict in Verdict
        if (at := wilson(found[verdict], TRIALS))
    )
    print(f"\n  {title}: {shares}; {answers:.0f} answers on average", end="")


@pytest.mark.parametrize("spread", SPREADS)
def test_86_and_70_percent_are_told_apart_by_240_answers(spread):
    size = SPREADS[spread]
    sound, asked = verdicts(WHOLE, AIME24, size)
    show(f"{100 * AIME24:.2f} % published and served, {spread}", sound, asked)
    worse, asked = verdicts(WHOLE, 0.70, size)
    show(f"70 % served, {spread}", worse, asked)

    assert WHOLE.answers == 240
    assert sound[Verdict.CONSISTENT] >= 0.95 * TRIALS
    assert worse[Verdict.BELOW] >= 0.95 * TRIALS


@pytest.mark.parametrize("spread", SPREADS)
def test_an_endpoint_at_the_published_rate_is_called_below_in_at_most_5_percent(spread):
    for design, name in (
        (WHOLE, "whole set"),
        (PART, "25 of 30"),
        (SMALL_PART, "25 of 198"),
    ):
        found, asked = verdicts(design, design.share, SPREADS[spread], seed=2)
        show(
            f"at the published {100 * design.share:.2f} %, {name}, {spread}",
            found,
            asked,
        )

        assert found[Verdict.BELOW] <= 0.05 * TRIALS


@pytest.mark.parametrize("spread", SPREADS)
def test_one_that_is_worse_by_the_margin_is_called_consistent_in_at_most_5_percent(
    spread,
):
    for design, name in (
        (WHOLE, "whole set"),
        (PART, "25 of 30"),
        (SMALL_PART, "25 of 198"),
    ):
        found, asked = verdicts(design, design.worse, SPREADS[spread], seed=3)
        show(f"at {100 * design.worse:.2f} %, {name}, {spread}", found, asked)

        # Of the largest error that is allowed, as many trials may have a little more.
        assert wilson(found[Verdict.CONSISTENT], TRIALS).low <= 0.05
    assert WHOLE.power(WHOLE.worse)[1] <= 0.05


def test_one_answer_to_each_of_30_items_is_never_called_consistent():
    once = Design(share=AIME24, items=30, draws=1)
    found, asked = verdicts(once, 1.0, None)
    show("every answer right, 30 answers", found, asked)

    assert found[Verdict.CONSISTENT] == 0
