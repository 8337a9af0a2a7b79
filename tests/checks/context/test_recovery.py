"""After a prompt that does not fit: the next answer, and the time the refusal took."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.context.recovery import (
    AFTER,
    OVERFLOW,
    REFUSED,
    SERVED,
    TELLING,
    answers_after_overflow,
    refuses_sooner_than_it_serves,
)
from contract.model.reply import rehearse
from contract.run.report import Outcome
from contract.run.runner import judge_check

PROFILE = replace(builtin()["vllm-0.32"], context_window=8_192)


def exchange(probe, **more):
    return replace(rehearse(told(PROFILE, probe), probe, PROFILE), **more)


def test_an_answer_after_a_refusal_is_right():
    verdict = judged(answers_after_overflow, exchange(OVERFLOW), exchange(AFTER))

    assert "pass" == verdict.word


@pytest.mark.parametrize("status", [400, 500, 503])
def test_any_other_answer_is_a_finding(status):
    after = exchange(AFTER, status=status)

    assert "fail" == judged(answers_after_overflow, exchange(OVERFLOW), after).word


def test_what_was_taken_is_no_refusal():
    taken = exchange(OVERFLOW, status=200)

    assert "skip" == judged(answers_after_overflow, taken, exchange(AFTER)).word


def test_being_busy_is_no_excuse_here():
    class Session:
        profile = PROFILE

        def send(self, probe):
            return exchange(probe, **({"status": 503} if probe == AFTER else {}))

    assert (
        Outcome.FAIL
        is judge_check(answers_after_overflow, Session(), "a target").outcome
    )


@pytest.mark.parametrize(
    ("served", "refused", "word"),
    [
        pytest.param(60.0, 0.5, "pass", id="at-once"),
        pytest.param(60.0, 30.0, "pass", id="half"),
        pytest.param(60.0, 30.1, "fail", id="more-than-half"),
        pytest.param(TELLING - 0.1, 1.9, "skip", id="too-fast-to-tell"),
    ],
)
def test_a_refusal_takes_less_than_half_of_an_answer(served, refused, word):
    verdict = judged(
        refuses_sooner_than_it_serves,
        exchange(SERVED, elapsed=served),
        exchange(REFUSED, elapsed=refused),
    )

    assert word == verdict.word


@pytest.mark.parametrize(("one", "other"), [(400, 400), (200, 200)])
def test_without_both_there_is_nothing_to_compare(one, other):
    served = exchange(SERVED, elapsed=60.0, status=one)
    refused = exchange(REFUSED, elapsed=60.0, status=other)

    assert "skip" == judged(refuses_sooner_than_it_serves, served, refused).word
