"""Pace checks: gaps, stalls and tokens per second, on a virtual clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.latency import pace
from contract.checks.latency.delays import delayed_from, slowed_at, text_positions
from contract.model.profile import Budget
from contract.model.reply import Frame, rehearse

BUDGETS = Budget(icl_p95=0.1, icl_max=1.0, tpot=0.1, tokens_per_second=8.0)
PROFILE = replace(builtin()["vllm-0.32"], budget=BUDGETS)
PROBE = pace.no_stall.sends[0]
FAULTS = (
    (pace.icl_p95, pace.crowded_batch),
    (pace.icl_max, pace.long_prompt_in_between),
    (pace.no_stall, pace.stalls_once),
    (pace.tpot, pace.throttled),
    (pace.output_rate, pace.memory_full),
)


def steady(gap, stall=0.0):
    """Return a stream with equal gaps, and an additional *stall* in its middle."""
    reply = mock_reply(PROFILE, PROBE)
    at_once = reply.with_frames(Frame(0.0, frame.data) for frame in reply.frames)
    positions = text_positions(at_once)
    steady_reply = slowed_at(at_once, positions[1:], gap)
    return delayed_from(steady_reply, positions[len(positions) // 2], stall)


def samples(gap, stall=0.0, fault=None, times=20):
    reply = steady(gap, stall)
    return [rehearse(fault.apply(reply) if fault else reply, PROBE, PROFILE)] * times


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        pytest.param(pace.icl_p95, 0.099, 0.101, id="icl-p95"),
        pytest.param(pace.icl_max, 0.999, 1.001, id="icl-max"),
        pytest.param(pace.tpot, 0.1, 0.2, id="tpot"),
        pytest.param(pace.output_rate, 0.1, 0.2, id="output-rate"),
    ],
)
def test_a_budget_is_met_or_exceeded(check, right, wrong):
    assert verdict_on(check, *samples(right)).word == "pass"
    assert verdict_on(check, *samples(wrong)).word == "fail"


@pytest.mark.parametrize(("check", "fault"), FAULTS, ids=lambda one: one.id)
def test_each_fault_breaks_its_check(check, fault):
    assert verdict_on(check, *samples(0.01)).word == "pass"
    assert verdict_on(check, *samples(0.01, fault=fault)).word == "fail"


@pytest.mark.parametrize(
    ("gap", "stall", "word"),
    [
        pytest.param(0.03, 1.9, "pass", id="shorter-than-two-seconds"),
        pytest.param(0.03, 2.1, "fail", id="longer-than-two-seconds"),
        pytest.param(0.5, 9.0, "pass", id="slow-everywhere"),
        pytest.param(0.5, 9.6, "fail", id="twenty-times-the-median"),
        pytest.param(0.0, 2.1, "fail", id="in-a-burst"),
    ],
)
def test_a_stall_is_long_compared_with_the_other_gaps(gap, stall, word):
    assert verdict_on(pace.no_stall, *samples(gap, stall)).word == word


def test_a_stall_in_one_sample_is_a_finding():
    found = [*samples(0.03, times=19), *samples(0.03, 5.0, times=1)]
    (finding,) = verdict_on(pace.no_stall, *found).findings

    assert finding.actual == "a gap of 5.03 s"
    assert finding.expected == "gaps near the median of 30.0 ms"


def test_a_single_text_is_skipped():
    one = [replace(x, arrivals=x.arrivals[:2]) for x in samples(0.1)]

    assert verdict_on(pace.no_stall, *one).word == "skip"
    assert verdict_on(pace.icl_max, *one).word == "skip"


def test_figures_match_the_stream():
    exchange, *_ = samples(0.05)
    tokens = exchange.count("completion_tokens")
    rate = tokens / exchange.elapsed

    assert pace.icl_p95.measures(exchange)["icl_p95"] == pytest.approx(0.05)
    assert pace.icl_max.measures(exchange)["longest_gap_max"] == pytest.approx(0.05)
    assert pace.output_rate.measures(exchange) == {
        "tokens_per_second_p50": pytest.approx(rate),
        "tokens_per_second_min": pytest.approx(rate),
    }
