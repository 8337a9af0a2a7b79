"""Totals add up exactly, and percentiles are what they are called."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.loads import some_measure as measure

from contract.load.totals import PERCENTS, Totals, Values, format_figure
from contract.model.timing import percentile

SECONDS = st.floats(0, 3_000, allow_nan=False)


@settings(max_examples=8)
@given(st.lists(SECONDS, max_size=30), st.integers(1, 4))
def test_several_processes_total_exactly_what_one_does(seconds, processes):
    whole, merged = Totals(), Totals()
    for number, value in enumerate(seconds):
        whole.add(measure(number, value))
    for index in range(processes):
        part = Totals()
        for number, value in list(enumerate(seconds))[index::processes]:
            part.add(measure(number, value))
        merged.merge(Totals.from_json(part.to_json()))

    assert whole == merged
    assert whole.to_json()["latencies"] == merged.to_json()["latencies"]


@settings(max_examples=10)
@given(st.lists(SECONDS, min_size=1, max_size=200))
def test_percentiles_are_observed_values_to_three_digits(seconds):
    values = Values(1_000_000)
    for value in seconds:
        values.add(value)

    for percent in PERCENTS:
        seen, true = values.percentile(percent), percentile(seconds, percent)
        assert math.isclose(seen, true, rel_tol=0.002, abs_tol=2e-6)
    assert values.count == len(seconds)


def test_what_is_out_of_range_counts_as_its_end():
    values = Values(1_000_000)
    for value in (-1.0, 1e12, math.inf, math.nan):
        values.add(value)

    assert values.count == 4
    assert values.percentile(0) == 0
    assert values.largest == pytest.approx(3_600, rel=0.002)


def test_without_values_there_is_no_percentile():
    values = Values(1)

    assert values.percentile(50) is None
    assert values.interval(95) is None
    assert values.largest is None


@pytest.mark.parametrize("count", [900, 5_000])
def test_the_interval_of_a_percentile_holds_it(count):
    values = Values(1_000_000)
    for number in range(count):
        values.add(number / count)
    found = values.interval(95)

    assert found.low < found.seen < found.high
    assert found.seen == pytest.approx(0.95, rel=0.01)
    # Three standard errors of the share.
    assert found.high - found.low < 6 * (0.05 * 0.95 / count) ** 0.5


def test_only_the_answered_and_measured_give_figures():
    totals = Totals()
    totals.add(measure(0, 1.0, kind="answered", measured=False))
    totals.add(measure(5, 1.0))
    totals.add(measure(6, 1.0))

    assert (totals.sent, totals.measured, totals.answered) == (3, 2, 1)
    assert totals.latencies["e2e"].count == 1
    assert totals.goodput == 0.5
    assert totals.tokens == 6


def test_figures_have_units():
    assert format_figure("ttft", 0.0123) == "12.3 ms"
    assert format_figure("e2e", 2) == "2.00 s"
    assert format_figure("tokens_per_second", 20) == "20.0/s"
