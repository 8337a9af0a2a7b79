"""Intervals of a rate, against published values and against each other."""

from __future__ import annotations

from random import Random

import pytest

from contract.claims.intervals import clustered, exact, rate, wilson, within_items


def test_the_exact_interval_is_that_of_clopper_and_pearson():
    """Values of R's binom.test: 7 of 10, 0 of 10 and 10 of 10."""
    found = exact(7, 10)

    assert (found.low, found.high) == pytest.approx((0.34755, 0.93326), abs=1e-4)
    assert exact(0, 10).high == pytest.approx(0.30850, abs=1e-4)
    assert exact(10, 10).low == pytest.approx(0.69150, abs=1e-4)
    assert exact(0, 0) is None


def test_wilson_is_narrower_than_exact():
    one, other = wilson(26, 30), exact(26, 30)

    assert other.low < one.low < one.seen < one.high < other.high


def test_items_that_are_always_alike_have_no_error_within_and_all_between():
    items = [(8, 8)] * 26 + [(0, 8)] * 4

    assert within_items(items).low == within_items(items).high
    assert clustered(items).high - clustered(items).low > 0.2


def test_items_with_one_rate_have_equal_errors():
    draw = Random(1)
    items = [(sum(draw.random() < 0.8 for _ in range(64)), 64) for _ in range(60)]
    one, other = within_items(items), clustered(items)

    assert one.high - one.low == pytest.approx(other.high - other.low, rel=0.35)


def test_the_bootstrap_is_reproducible():
    items = [(3, 4), (1, 4), (4, 4)]

    assert clustered(items) == clustered(items)


def test_too_few_answers_have_no_interval():
    assert within_items([(1, 1), (0, 1)]) is None
    assert within_items([]) is None
    assert clustered([(1, 1)]) is None
    assert rate([]) is None


def test_pass_at_1_is_the_mean_over_items_whatever_their_number_of_answers():
    assert rate([(1, 1), (0, 9)]) == 0.5
