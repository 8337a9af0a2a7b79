"""Prompt length checks: exact and tolerant token counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.context import lengths
from contract.checks.context.prompt_length import (
    TEMPLATE_TOLERANCE,
    reported_prompt_tokens,
    set_prompt_tokens,
)
from contract.checks.context.prompts import MANY_TURNS, TURNS
from contract.model.probe import Fill
from contract.model.profile import Capability
from contract.model.reply import rehearse

EXACT = replace(builtin()["vllm-0.32"], context_window=49_152)
COARSE = replace(EXACT, offers=EXACT.offers - {Capability.EXACT_TOKENS})
EXACT_CHECKS = (
    lengths.serves_1k,
    lengths.serves_8k,
    lengths.serves_40k,
    lengths.serves_the_window,
)
TOLERANT_CHECKS = (
    lengths.reads_many_turns,
    lengths.reads_tool_results,
    lengths.reads_text_beside_images,
)


def outcome(check, profile, more):
    """Return the verdict on a prompt reported *more* tokens longer than it is."""
    (probe,) = check.sends
    reply = mock_reply(profile, probe)
    changed = set_prompt_tokens(reply, reported_prompt_tokens(reply) + more)
    return verdict_on(check, rehearse(changed, probe, profile)).word


@pytest.mark.parametrize(
    "check", [*EXACT_CHECKS, *TOLERANT_CHECKS], ids=lambda check: check.id
)
@pytest.mark.parametrize(("more", "word"), [(0, "pass"), (1, "fail"), (-1, "fail")])
def test_an_exact_count_must_match_to_the_token(check, more, word):
    assert word == outcome(check, EXACT, more)


@pytest.mark.parametrize("check", EXACT_CHECKS, ids=lambda check: check.id)
@pytest.mark.parametrize("more", [1, -1])
def test_calibrated_prompts_of_one_message_must_match_to_the_token(check, more):
    assert "fail" == outcome(check, COARSE, more)


@pytest.mark.parametrize("check", TOLERANT_CHECKS, ids=lambda check: check.id)
def test_templates_may_change_the_count_within_the_tolerance(check):
    tolerance = round(check.sends[0].fill.tokens * TEMPLATE_TOLERANCE)

    assert "pass" == outcome(check, COARSE, tolerance)
    assert "pass" == outcome(check, COARSE, -tolerance)
    assert "fail" == outcome(check, COARSE, tolerance + 1)
    assert "fail" == outcome(check, COARSE, -tolerance - 1)


@pytest.mark.parametrize(
    "check", [*EXACT_CHECKS, *TOLERANT_CHECKS], ids=lambda check: check.id
)
def test_a_reply_without_usage_is_skipped(check):
    def without_usage(reply):
        return reply.change(lambda body: {**body, "usage": None})

    assert "skip" == rehearsed_verdict(check, EXACT, change=without_usage).word


def test_a_conversation_has_a_thousand_messages():
    roles = [message.role for message in MANY_TURNS.messages]

    assert len(roles) == 1_000 == TURNS + 1
    assert roles[0] == "system"
    assert roles[1:] == ["user", "assistant"] * 499 + ["user"]


def test_the_window_is_read_from_the_profile():
    (probe,) = lengths.serves_the_window.sends
    small = replace(EXACT, context_window=700)
    exchange = rehearse(mock_reply(small, probe), probe, small)

    assert 699 == exchange.count("prompt_tokens")
    assert probe.fill == Fill(-1, of_window=True)
    assert "pass" == verdict_on(lengths.serves_the_window, exchange).word
