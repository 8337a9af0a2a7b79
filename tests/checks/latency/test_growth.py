"""Prompt length checks: growth of TTFT, judged by the range of few samples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.latency import growth
from contract.checks.latency.growth import LONG, SHORT, TIMES, ttft_growth
from contract.model.profile import Budget
from contract.model.reply import Frame, rehearse

PROFILE = replace(builtin()["vllm-0.32"], budget=Budget(ttft_per_1k=0.1))


def timed(probe, at):
    reply = mock_reply(PROFILE, probe)
    late = reply.with_frames(Frame(at, frame.data) for frame in reply.frames)
    return rehearse(late, probe, PROFILE)


def samples(short, long):
    """Return samples of `ttft_growth` whose first texts arrive at the given times."""
    moments = (*short, *long)
    return [timed(p, at) for p, at in zip((*SHORT, *LONG), moments, strict=True)]


@pytest.mark.parametrize(
    ("short", "long", "word"),
    [
        pytest.param([0.1] * 5, [0.79] * 5, "pass", id="below"),
        pytest.param([0.1] * 5, [0.81] * 5, "fail", id="above"),
        pytest.param([0.1] * 5, [0.5] * 4 + [0.9], "skip", id="one-is-late"),
        pytest.param([0.1] * 4 + [0.3], [0.9] * 5, "skip", id="one-was-late-before"),
        pytest.param([0.5] * 5, [0.5] * 5, "pass", id="no-growth"),
    ],
)
def test_the_growth_is_judged_by_the_range_of_the_samples(short, long, word):
    assert verdict_on(ttft_growth, *samples(short, long)).word == word


def test_figures_contain_the_ttft_of_both_lengths():
    figures = ttft_growth.measures(*samples([0.1] * TIMES, [0.8] * TIMES))

    assert figures["ttft_1k_p50"] == 0.1
    assert figures["ttft_8k_p95"] == 0.8


def test_samples_without_text_are_skipped():
    without_text = [replace(x, arrivals=()) for x in samples([0.1] * 5, [0.8] * 5)]

    assert verdict_on(ttft_growth, *without_text).word == "skip"


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        pytest.param(growth.prompt_read_slowly, ttft_growth, id="slowly"),
        pytest.param(
            growth.prompt_read_quadratically, growth.ttft_growth_32k, id="squared"
        ),
    ],
)
def test_each_fault_breaks_its_check(fault, check):
    sent = [mock_reply(PROFILE, probe) for probe in check.sends]
    clean = [rehearse(r, p, PROFILE) for r, p in zip(sent, check.sends, strict=True)]
    late = [
        rehearse(fault.apply(r), p, PROFILE)
        for r, p in zip(sent, check.sends, strict=True)
    ]

    assert verdict_on(check, *clean).word == "pass"
    assert verdict_on(check, *late).word == "fail"
