"""Verdicts on efforts: the default, and the list of each model."""

from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.catalog.profiles import builtin
from contract.checks.reasoning.effort import (
    DEFAULT_EFFORT,
    EFFORTS,
    efforts_are_served,
    on_by_default,
    with_effort,
)
from contract.checks.reasoning.reasoning_text import without_reasoning
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_pieces
from contract.run.report import Outcome
from contract.testing.rehearsal import judge, reply_to
from contract.testing.rehearsal import rehearse as judged_on

PROFILE = builtin()["mistral-2026-10"]


def answered(probe, change=lambda reply: reply):
    return rehearse(change(reply_to(probe, PROFILE.id)), probe, PROFILE)


def test_a_default_without_reasoning_is_found():
    dropped = answered(
        DEFAULT_EFFORT, lambda reply: rewrite_pieces(reply, without_reasoning)
    )

    assert "pass" == verdict_on(on_by_default, answered(DEFAULT_EFFORT)).word
    assert "fail" == verdict_on(on_by_default, dropped).word


def test_the_default_is_only_judged_where_it_is_promised():
    others = {n for n in builtin() if judged_on(on_by_default, n).exchanges}

    assert {"mistral-2026-10"} == others


@pytest.mark.parametrize(
    ("effort", "word"), [("low", "fail"), ("none", "fail"), ("max", "pass")]
)
def test_only_efforts_of_the_model_must_be_served(effort, word):
    def refused(reply):
        return reply.with_status(400)

    found = [
        answered(with_effort(one), refused if one == effort else lambda reply: reply)
        for one in EFFORTS
    ]

    assert word == verdict_on(efforts_are_served, *found).word


def test_a_profile_without_a_list_of_efforts_is_not_judged():
    bare = replace(PROFILE, models={})
    found = [
        rehearse(reply_to(p, PROFILE.id), p, bare) for p in efforts_are_served.sends
    ]

    assert "skip" == verdict_on(efforts_are_served, *found).word


def test_the_efforts_are_those_of_the_official_packages():
    from typing import get_args  # noqa: PLC0415

    request = pytest.importorskip("mistral_common.protocol.instruct.request")
    sdk = pytest.importorskip("mistralai.client.models.reasoningeffort")

    assert {str(one) for one in request.ReasoningEffort} == set(EFFORTS)
    assert set(get_args(get_args(sdk.ReasoningEffort)[0])) == set(EFFORTS)


def test_what_only_a_page_promises_is_a_should():
    from contract.checks.usage.completion import counts_reasoning  # noqa: PLC0415
    from contract.testing.rehearsal import clean  # noqa: PLC0415

    known = judge(counts_reasoning, clean("mistral-2026-10"))
    recorded = judge(counts_reasoning, clean("vllm-0.32"))

    assert (Outcome.PASS, "SHOULD") == (known.outcome, known.check.level)
    assert (Outcome.PASS, "MUST") == (recorded.outcome, recorded.check.level)
    assert "SHOULD be the part" in known.check.requirement
