"""The latency formulas on examples calculated by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.chat import PieceKind
from contract.model.timing import Mark, Timing, percentile

# Reasoning at 1.0 and 1.5, the answer at 2.0, 2.25 and (together) 2.25 seconds.
MARKS = (
    Mark(1.0, PieceKind.REASONING, 1),
    Mark(1.5, PieceKind.REASONING, 2),
    Mark(2.0, PieceKind.ANSWER, 3),
    Mark(2.25, PieceKind.ANSWER, 4),
    Mark(2.25, PieceKind.ANSWER, 5),
)
TIMING = Timing(0.5, 2.5, MARKS, 11)


def test_first_token_is_the_first_text_of_either_kind():
    assert 1.0 == TIMING.ttft


def test_first_output_is_the_first_answer():
    assert 2.0 == TIMING.ttfo


def test_reasoning_time_is_the_difference():
    assert 1.0 == TIMING.reasoning_time


def test_inter_chunk_latencies_are_gaps_between_events_including_zero():
    assert (0.5, 0.5, 0.25, 0.0) == TIMING.icl


def test_time_per_token_leaves_out_the_first():
    assert 0.125 == TIMING.tpot


def test_two_kinds_in_one_event_have_no_gap():
    marks = (Mark(1.0, PieceKind.REASONING, 1), Mark(1.0, PieceKind.ANSWER, 1))

    assert () == Timing(0.5, 2.0, marks).icl


@pytest.mark.parametrize(
    "timing",
    [
        pytest.param(Timing(None, None), id="no response"),
        pytest.param(Timing(0.5, 1.0, (), 5), id="no text"),
    ],
)
def test_without_text_there_is_no_latency(timing):
    assert (None, None, None, None, ()) == (
        timing.ttft,
        timing.ttfo,
        timing.reasoning_time,
        timing.tpot,
        timing.icl,
    )


@pytest.mark.parametrize("tokens", [None, 0, 1])
def test_time_per_token_needs_two_tokens(tokens):
    assert Timing(0.5, 2.5, MARKS, tokens).tpot is None


def test_a_reply_cut_in_its_reasoning_has_no_first_output():
    timing = Timing(0.5, 2.5, MARKS[:2], 2)

    assert (None, None) == (timing.ttfo, timing.reasoning_time)
    assert 0.5 == timing.tpot


@pytest.mark.parametrize(
    ("percent", "value"), [(0, 1), (20, 1), (21, 2), (50, 3), (95, 5), (100, 5)]
)
def test_percentile_is_the_nearest_rank(percent, value):
    assert value == percentile([5, 3, None, 1, 4, 2], percent)


def test_percentile_of_nothing_is_nothing():
    assert percentile([None], 50) is None


@given(
    values=st.lists(st.floats(0, 9), min_size=1),
    low=st.integers(0, 100),
    high=st.integers(0, 100),
)
def test_percentiles_are_observed_values_and_increase(values, low, high):
    low, high = sorted((low, high))

    assert percentile(values, low) in values
    assert percentile(values, low) <= percentile(values, high)


def test_a_stall_is_longer_than_two_seconds_and_than_twenty_median_gaps():
    def of(gap):
        marks = tuple(Mark(gap * n, PieceKind.ANSWER, n) for n in range(4))
        return Timing(0.0, 4.0, marks).stall_limit

    assert (2.0, 5.0) == (of(0.01), of(0.25))
    assert None is Timing(0.0, 1.0).stall_limit
