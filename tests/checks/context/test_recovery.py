"""Recovery checks: the request after a rejected prompt, and the rejection time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.context.recovery import (
    AFTER,
    MIN_SERVED_SECONDS,
    OVERFLOW,
    REJECTED,
    SERVED,
    answers_after_overflow,
    refuses_sooner_than_it_serves,
)
from contract.model.reply import rehearse
from contract.run.report import Outcome
from contract.run.runner import judge_check

PROFILE = replace(builtin()["vllm-0.32"], context_window=8_192)


def exchange(probe, **more):
    return replace(rehearse(mock_reply(PROFILE, probe), probe, PROFILE), **more)


def test_an_answer_after_a_rejection_passes():
    verdict = verdict_on(answers_after_overflow, exchange(OVERFLOW), exchange(AFTER))

    assert "pass" == verdict.word


@pytest.mark.parametrize("status", [400, 500, 503])
def test_an_error_after_a_rejection_is_a_finding(status):
    after = exchange(AFTER, status=status)

    assert "fail" == verdict_on(answers_after_overflow, exchange(OVERFLOW), after).word


def test_an_accepted_overflow_is_skipped():
    accepted = exchange(OVERFLOW, status=200)

    assert "skip" == verdict_on(answers_after_overflow, accepted, exchange(AFTER)).word


def test_a_busy_server_is_a_finding():
    class Session:
        profile = PROFILE

        def send(self, probe):
            return exchange(probe, **({"status": 503} if probe == AFTER else {}))

    assert (
        Outcome.FAIL
        is judge_check(answers_after_overflow, Session(), "a target").outcome
    )


@pytest.mark.parametrize(
    ("served", "rejected", "word"),
    [
        pytest.param(60.0, 0.5, "pass", id="immediate"),
        pytest.param(60.0, 30.0, "pass", id="half"),
        pytest.param(60.0, 30.1, "fail", id="more-than-half"),
        pytest.param(MIN_SERVED_SECONDS - 0.1, 1.9, "skip", id="too-fast-to-tell"),
    ],
)
def test_a_rejection_may_take_half_the_time_of_an_answer(served, rejected, word):
    verdict = verdict_on(
        refuses_sooner_than_it_serves,
        exchange(SERVED, elapsed=served),
        exchange(REJECTED, elapsed=rejected),
    )

    assert word == verdict.word


@pytest.mark.parametrize(("one", "other"), [(400, 400), (200, 200)])
def test_both_answers_are_needed_for_the_comparison(one, other):
    served = exchange(SERVED, elapsed=60.0, status=one)
    rejected = exchange(REJECTED, elapsed=60.0, status=other)

    assert "skip" == verdict_on(refuses_sooner_than_it_serves, served, rejected).word
