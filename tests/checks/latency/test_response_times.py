"""Response time checks: TTFT, TTFO, E2E and rejections, on a virtual clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.latency import response_times as rt
from contract.model.profile import Budget
from contract.model.reply import Frame, rehearse

BUDGETS = Budget(ttft=1.0, ttfo=1.0, e2e=1.0, reject=1.0)
PROFILE = replace(builtin()["vllm-0.32"], context_window=8_192, budget=BUDGETS)
STREAMED = (rt.ttft, rt.ttfo, rt.e2e)
ALL = (*STREAMED, rt.reject)


def samples(check, moments, fault=None):
    """Yield samples of *check*, each with all its frames at one of *moments*."""
    probe = check.sends[0]
    reply = mock_reply(PROFILE, probe)
    for at in moments:
        late = reply.with_frames(Frame(at, frame.data) for frame in reply.frames)
        late = fault.apply(late) if fault else late
        yield rehearse(late, probe, PROFILE)


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("moments", "word"),
    [
        pytest.param([1.0] * 20, "pass", id="on-the-budget"),
        pytest.param([1.001] * 20, "fail", id="above"),
        pytest.param([0.1] * 19 + [9.0], "skip", id="one-is-late"),
        pytest.param([0.1] * 14 + [9.0] * 6, "fail", id="many-are-late"),
    ],
)
def test_the_95th_percentile_is_compared_with_the_budget(check, moments, word):
    assert word == verdict_on(check, *samples(check, moments)).word


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_figures_are_reported_for_any_verdict(check):
    metric = check.id.partition(".")[2]
    figures = check.measures(*samples(check, [0.25] * 19 + [4.0]))

    assert figures[f"{metric}_p50"] == 0.25
    assert figures[f"{metric}_p95"] == 0.25
    assert figures[f"{metric}_max"] == 4.0


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_a_profile_without_the_budget_is_skipped(check):
    bare = replace(PROFILE, budget=Budget())
    found = [replace(x, profile=bare) for x in samples(check, [1.0] * 20)]
    verdict = verdict_on(check, *found)

    assert verdict.skipped == f"the profile sets no budget; add budget.{check.budget}"


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        pytest.param(rt.queued, {"ttft", "ttfo", "e2e"}, id="queued"),
        pytest.param(rt.answer_waits_for_a_judge, {"ttfo", "e2e"}, id="judge"),
        pytest.param(rt.connection_kept_open, {"e2e"}, id="kept-open"),
    ],
)
def test_a_delay_affects_all_later_metrics(fault, broken):
    found = {
        check.id.partition(".")[2]
        for check in STREAMED
        if verdict_on(check, *samples(check, [0.1] * 20, fault)).word == "fail"
    }

    assert broken == found


def test_an_accepted_prompt_is_skipped():
    accepted = [replace(x, status=200) for x in samples(rt.reject, [0.1] * 10)]

    assert verdict_on(rt.reject, *accepted).word == "skip"


def test_a_stream_without_text_has_no_metrics():
    empty = [
        rehearse(mock_reply(PROFILE, probe).with_frames(()), probe, PROFILE)
        for probe in rt.ttft.sends
    ]

    assert verdict_on(rt.ttft, *empty).skipped == "no sample has a value for TTFT"
    assert rt.ttft.measures(*empty) == {}
