"""Truncation checks: dropped messages and sentences show in prompt_tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.context.prompt_length import (
    reported_prompt_tokens,
    set_prompt_tokens,
)
from contract.checks.context.prompts import CONVERSATION, NEEDLE, NEEDLES, SHORTER
from contract.checks.context.truncation import drops_no_message, reads_every_place
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.tokens import counting

EXACT = builtin()["vllm-0.32"]
COARSE = replace(EXACT, offers=EXACT.offers - {Capability.EXACT_TOKENS})
CASES = [
    pytest.param(drops_no_message, 3, id="turns"),
    pytest.param(reads_every_place, 3, id="places"),
]


def verdict(check, profile, more=None):
    """Return the verdict; *more* maps a request's position to tokens added to it."""
    exchanges = []
    for number, probe in enumerate(check.sends):
        reply = mock_reply(profile, probe)
        reply = set_prompt_tokens(
            reply, reported_prompt_tokens(reply) + (more or {}).get(number, 0)
        )
        exchanges.append(rehearse(reply, probe, profile))
    return verdict_on(check, *exchanges)


@pytest.mark.parametrize(("check", "others"), CASES)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_place_is_judged_separately(check, others, number):
    assert others == len(check.sends) - 1
    assert "pass" == verdict(check, EXACT).word
    assert 1 == len(verdict(check, EXACT, {number: 1}).findings)
    assert 1 == len(verdict(check, EXACT, {number: -1}).findings)


@pytest.mark.parametrize(("check", "others"), CASES)
def test_every_request_is_compared_with_the_first(check, others):
    assert others == len(verdict(check, EXACT, {0: 1}).findings)


def test_inexact_counts_must_reach_half_of_the_text():
    whole, shorter = (mock_reply(COARSE, probe) for probe in (CONVERSATION, SHORTER[0]))
    lost = reported_prompt_tokens(whole) - reported_prompt_tokens(shorter)

    assert "pass" == verdict(drops_no_message, COARSE, {1: lost // 2}).word
    assert "fail" == verdict(drops_no_message, COARSE, {1: lost // 2 + 1}).word


def test_needles_are_at_the_start_middle_and_end():
    (text,) = {probe.messages[0].text.replace(NEEDLE, "") for probe in NEEDLES}
    places = [probe.messages[0].text.index(NEEDLE) / len(text) for probe in NEEDLES]

    assert places == pytest.approx([0.0, 0.5, 1.0], abs=0.02)
    assert 2_000 < counting.count_text(text) < 2_020
