"""The sequential test keeps its errors, by its own arithmetic and by simulation."""

from __future__ import annotations

from random import Random

import pytest

from contract.claims.design import LEAST_ANSWERS, Design, binomial, correlation, spent

WHOLE = Design(share=0.8614, items=30, draws=8)


def test_the_looks_are_at_most_eight_and_end_with_the_last_round():
    assert WHOLE.looks() == (1, 2, 3, 4, 5, 6, 7, 8)
    assert Design(share=0.8, items=3, draws=64).looks() == tuple(range(8, 65, 8))
    assert Design(share=0.8, items=3, draws=1).looks() == (1,)


@pytest.mark.parametrize("share", [0.5, 0.7007, 0.7734, 0.9182])
@pytest.mark.parametrize(("items", "draws"), [(30, 8), (25, 4), (198, 1)])
def test_both_errors_are_kept(share, items, draws):
    design = Design(share=share, items=items, draws=draws)

    assert design.power(design.share)[0] <= design.error
    assert design.power(design.worse)[1] <= design.error


def test_86_and_70_percent_are_told_apart_by_240_answers():
    assert WHOLE.answers == 240
    assert WHOLE.power(0.8614)[1] >= 0.95
    assert WHOLE.power(0.70)[0] >= 0.99


def test_an_answer_to_each_of_30_items_cannot_be_consistent():
    (bound,) = Design(share=0.8614, items=30, draws=1).bounds()

    assert bound.consistent == bound.answers + 1
    assert 0 < bound.below < 25  # and it can be below


def test_no_look_with_few_answers_has_a_bound_for_consistent():
    for bound in WHOLE.bounds():
        assert (bound.consistent > bound.answers) or bound.answers >= LEAST_ANSWERS


def test_a_part_of_the_set_needs_more_to_be_sure():
    part = Design(share=0.8614, items=30, draws=8, covered=0.2)

    assert part.bounds(0.5)[-1].below < WHOLE.bounds(0.5)[-1].below
    assert part.bounds(0.5)[-1].consistent > WHOLE.bounds(0.5)[-1].consistent
    assert part.power(part.share, 0.5)[0] <= part.error
    assert WHOLE.bounds(0.0) == WHOLE.bounds(0.9)  # nothing of it is left to chance


def test_the_power_is_what_a_simulation_finds():
    draw, trials, below = Random(3), 2_000, 0
    bounds = WHOLE.bounds()
    for _ in range(trials):
        right = 0
        for bound in bounds:
            right += sum(draw.random() < 0.78 for _ in range(30))
            if right <= bound.below or right >= bound.consistent:
                below += right <= bound.below
                break

    assert abs(below / trials - WHOLE.power(0.78)[0]) < 0.04


def test_the_spending_grows_to_the_error_and_is_small_at_first():
    found = [spent(0.05, time / 10) for time in range(11)]

    assert found == sorted(found)
    assert (found[0], found[10]) == (0.0, 0.05)
    assert found[5] < 0.006


def test_the_correlation_is_that_of_the_answers_with_an_error_added():
    assert correlation([8] * 13 + [0] * 12, 8) == pytest.approx(1.0)
    assert correlation([4, 4, 4, 4, 4, 4, 4, 4], 8) < 0.3
    assert correlation([1, 0, 1], 1) == 1.0
    assert correlation([8, 8, 8], 8) == 1.0


def test_binomial_chances_add_up():
    start, chances = binomial(240, 0.8614)

    assert start > 100
    assert sum(chances) == pytest.approx(1.0)
    assert binomial(5, 0.0) == (0, [1.0])
    assert binomial(5, 1.0) == (5, [1.0])
