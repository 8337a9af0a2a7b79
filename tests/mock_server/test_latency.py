"""Tests of latency plans: absolute, ordered and seeded."""

from hypothesis import given
from hypothesis import strategies as st

from contract.mock_server.latency import AT_ONCE, LatencyPlan


def test_texts_are_due_on_one_absolute_schedule():
    assert LatencyPlan(0.5, 0.1).times(3) == (0.5, 0.6, 0.7)
    assert AT_ONCE.times(3) == (0.0, 0.0, 0.0)
    assert LatencyPlan(0.5, 0.1).times(0) == ()


@given(st.floats(0, 5), st.floats(0, 1), st.floats(0, 1), st.integers(0, 9))
def test_jitter_keeps_the_order_and_the_time_of_the_first_text(
    ttft, icl, jitter, number
):
    times = LatencyPlan(ttft, icl, jitter).times(20, number)

    assert times[0] == ttft
    assert list(times) == sorted(times)
    assert all(
        gap <= icl + jitter + 1e-9 for gap in map(float.__sub__, times[1:], times)
    )


def test_jitter_is_seeded():
    plan = LatencyPlan(0.1, 0.1, 0.05, seed=7)

    assert plan.times(9, 1) == plan.times(9, 1)
    assert plan.times(9, 1) != plan.times(9, 2)
    assert plan.times(9, 1) != LatencyPlan(0.1, 0.1, 0.05, seed=8).times(9, 1)
