"""What long prompts add to the wait, from few samples and therefore carefully."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.latency import growth
from contract.checks.latency.growth import (
    LONG,
    SHORT,
    TIMES,
    ttft_growth,
)
from contract.model.profile import Budget
from contract.model.reply import (
    Frame,
    rehearse,
)

PROFILE = replace(builtin()["vllm-0.32"], budget=Budget(ttft_per_1k=0.1))


def spoken(probe, at):
    reply = told(PROFILE, probe)
    late = reply.with_frames(Frame(at, frame.data) for frame in reply.frames)
    return rehearse(late, probe, PROFILE)


def samples(short, long):
    """The samples of `ttft_growth`, their first texts at those moments."""
    moments = (*short, *long)
    return [spoken(p, at) for p, at in zip((*SHORT, *LONG), moments, strict=True)]


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
def test_the_growth_is_judged_between_its_extremes(short, long, word):
    assert judged(ttft_growth, *samples(short, long)).word == word


def test_figures_are_the_waits_of_both_lengths():
    figures = ttft_growth.measures(*samples([0.1] * TIMES, [0.8] * TIMES))

    assert figures["ttft_1k_p50"] == 0.1
    assert figures["ttft_8k_p95"] == 0.8


def test_a_sample_without_text_leaves_nothing_to_judge():
    silent = [replace(x, arrivals=()) for x in samples([0.1] * 5, [0.8] * 5)]

    assert judged(ttft_growth, *silent).word == "skip"


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        pytest.param(growth.prompt_read_slowly, ttft_growth, id="slowly"),
        pytest.param(
            growth.prompt_read_quadratically, growth.ttft_growth_32k, id="squared"
        ),
    ],
)
def test_long_prompts_make_the_wait_longer(fault, check):
    sent = [told(PROFILE, probe) for probe in check.sends]
    clean = [rehearse(r, p, PROFILE) for r, p in zip(sent, check.sends, strict=True)]
    late = [
        rehearse(fault.apply(r), p, PROFILE)
        for r, p in zip(sent, check.sends, strict=True)
    ]

    assert judged(check, *clean).word == "pass"
    assert judged(check, *late).word == "fail"
