"""The interval of a percentile, compared with resampling and with known values."""

from __future__ import annotations

from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.interval import (
    Bounds,
    Interval,
    interval,
    needed,
    order_bounds,
    share,
)
from contract.model.timing import percentile

SECONDS = st.floats(0, 1_000)


def resampled(values, percent, times=4_000):
    """Return the same interval by resampling, the usual form of the bootstrap."""
    random = Random(7)
    drawn = sorted(
        percentile(random.choices(values, k=len(values)), percent) for _ in range(times)
    )
    return drawn[round(0.025 * times)], drawn[round(0.975 * times) - 1]


@pytest.mark.parametrize("percent", [50, 95])
@pytest.mark.parametrize("count", [5, 20, 101])
def test_interval_is_the_limit_of_resampling(count, percent):
    random = Random(count)
    values = [random.expovariate(1) for _ in range(count)]
    ranked = sorted(values)

    found = interval(values, percent)
    low, high = resampled(values, percent)

    # Resampling resolves a tie by chance, which moves the result by one rank at most.
    assert abs(ranked.index(found.low) - ranked.index(low)) <= 1
    assert abs(ranked.index(found.high) - ranked.index(high)) <= 1


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        # P(Bin(20, 15/20) >= 19) = 0.0243, P(Bin(20, 16/20) >= 19) = 0.0692.
        pytest.param(range(1, 21), 95, Interval(16, 19, 20), id="p95-of-20"),
        pytest.param(range(1, 21), 50, Interval(6, 10, 14), id="median-of-20"),
        pytest.param([3.0], 95, Interval(3.0, 3.0, 3.0), id="one-value"),
        pytest.param([], 95, None, id="nothing"),
    ],
)
def test_known_samples_have_known_intervals(values, percent, expected):
    assert expected == interval(values, percent)


@given(st.lists(SECONDS, min_size=1, max_size=60), st.sampled_from([50, 95, 99]))
def test_the_percentile_lies_inside_and_all_were_observed(values, percent):
    found = interval(values, percent)

    assert found.low <= found.seen <= found.high
    assert found.seen == percentile(values, percent)
    assert {found.low, found.high} <= set(values)


@given(st.lists(SECONDS, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_order_and_scale_change_nothing(values, random):
    found = interval(values, 95)
    shuffled = random.sample(values, len(values))
    doubled = interval([2 * value for value in values], 95)

    assert found == interval(shuffled, 95)
    assert Interval(2 * found.low, 2 * found.seen, 2 * found.high) == doubled


def test_thousands_of_values_are_supported():
    found = interval(range(20_000), 95)

    assert 18_900 < found.low < 19_000 == found.seen + 1 < found.high < 19_100


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # Newcombe (1998), table I, method 3: the score method.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_shares_have_the_intervals_of_the_literature(hits, count, low, high):
    found = share(hits, count)

    assert found.seen == hits / count
    assert found.low == pytest.approx(low, abs=0.0001)
    assert found.high == pytest.approx(high, abs=0.0001)


def test_a_share_of_nothing_has_no_interval():
    assert share(0, 0) is None


@given(st.integers(0, 5_000), st.integers(1, 5_000))
def test_a_share_lies_inside_its_interval(hits, more):
    found = share(hits, hits + more)

    assert 0 <= found.low <= found.seen <= found.high <= 1


@pytest.mark.parametrize(("percent", "least"), [(50, 6), (95, 72), (99, 368)])
def test_as_many_values_as_needed_have_an_upper_end(percent, least):
    values = range(least)

    assert needed(percent) == least
    assert order_bounds(values, percent).high == least - 1
    assert order_bounds(values[1:], percent).high is None


def test_the_bounds_of_a_median_are_those_of_the_tables():
    # The 40th and the 61st of 100 values: 96.5 %, and the next smaller has less.
    assert order_bounds(range(1, 101), 50) == Bounds(40, 50, 61)


@pytest.mark.parametrize("count", [72, 100, 400])
@pytest.mark.parametrize("percent", [50, 95])
def test_the_bounds_hold_the_percentile_as_often_as_they_claim(count, percent):
    def chance(hits):
        return (
            comb(count, hits)
            * (percent / 100) ** hits
            * (1 - percent / 100) ** (count - hits)
        )

    found = order_bounds(range(1, count + 1), percent)
    # It holds if at least `low` and fewer than `high` values lie below the percentile.
    held = sum(map(chance, range(int(found.low), int(found.high))))

    assert 0.95 <= held < 0.99


def test_no_values_have_no_bounds():
    assert order_bounds([], 95) is None
    assert order_bounds([3.0], 95) == Bounds(None, 3.0, None)
