"""Verdicts on a run that was sent on a virtual clock, by `contract.load.judging`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.load_report import QUIET, closed, judge_of, report_of
from support.loads import failed

from contract.load.lag import Generator
from contract.load.measure import BUSY
from contract.model.profile import Budget
from contract.run.report import Outcome


def verdicts(step, **changes):
    results = judge_of(step.plan.profile, **changes).results([step])
    return {result.check.id: result for result in results}


def test_a_sound_run_passes_all_that_applies():
    step = closed(scenario="mixed", most=30)
    found = verdicts(step)

    assert failed(found.values()) == set()
    assert found["load.requests-are-answered"].tally.judged == 30
    passed = [r for r in found.values() if r.outcome is Outcome.PASS]
    assert len(passed) > 35


def test_a_wrong_answer_is_a_failure_of_a_model_that_follows_instructions():
    def wrong(reply):
        frames = (
            replace(frame, data=frame.data.replace(b"K2", b"K3"))
            for frame in reply.frames
        )
        return reply.with_frames(frames)

    step = closed(change=wrong, most=10)
    strict, lenient = verdicts(step), verdicts(step, exact=False)

    assert step.totals.suspicions["without the expected text"] > 0
    for found, level in ((strict, "MUST"), (lenient, "SHOULD")):
        result = found["load.answers-are-expected"]
        assert (result.outcome, result.check.level) == (Outcome.FAIL, level)
        assert result.findings[0].expected.startswith("K2")
        assert result.curl.startswith("curl ")


@pytest.mark.parametrize(
    ("budget", "check", "outcome"),
    [
        (Budget(e2e=0.05), "load.e2e", Outcome.FAIL),
        (Budget(e2e=0.2), "load.e2e", Outcome.PASS),
        (Budget(ttft=0.0001), "load.ttft", Outcome.FAIL),
        (Budget(tokens_per_second=10_000), "load.tokens-per-second", Outcome.FAIL),
        (Budget(tokens_per_second=1), "load.tokens-per-second", Outcome.PASS),
        (Budget(icl_max=0.0001), "load.icl-max", Outcome.FAIL),
    ],
)
def test_a_budget_is_judged_by_its_percentile(budget, check, outcome):
    result = verdicts(closed(budget=budget))[check]

    assert result.outcome is outcome
    assert result.check.level == "SHOULD"


def test_a_budget_within_the_interval_is_not_decided():
    seconds = iter([0.1] * 17 + [0.5] * 3)
    step = closed(seconds=lambda _: next(seconds), budget=Budget(e2e=0.3))
    result = verdicts(step)["load.e2e"]

    assert result.outcome is Outcome.SKIP
    assert "inconclusive" in result.reason


def test_a_saturated_generator_judges_no_budget():
    busy = replace(QUIET, lag_p95=1.0)
    step = replace(closed(budget=Budget(e2e=0.05)), generators=(QUIET, busy))
    result = verdicts(step)["load.e2e"]

    assert isinstance(busy, Generator)
    assert result.outcome is Outcome.ERROR
    assert "the load generator was saturated: it reacted 1000 ms late" in result.reason


def test_a_server_that_is_always_busy_is_inconclusive():
    def busy(reply):
        return reply.with_status(503)

    step = closed(change=busy)

    assert step.totals.kinds == {BUSY: 20}
    result = verdicts(step)["load.requests-are-answered"]
    assert result.outcome is Outcome.ERROR
    assert "busy for all of 20 requests" in result.reason
    assert report_of([step]).exit_code == 3


def test_a_status_of_an_error_is_a_failure_with_its_words():
    def broken(reply):
        return reply.with_status(500)

    result = verdicts(closed(change=broken))["load.requests-are-answered"]

    assert result.outcome is Outcome.FAIL
    assert result.findings[0].message == "20 requests were not answered"
    assert "failed, status 500" in result.findings[0].actual
    assert len(result.exchanges) == 5


def test_with_one_prompt_cross_talk_is_not_judged():
    result = verdicts(closed(same=True))["load.no-cross-talk"]

    assert result.outcome is Outcome.SKIP
