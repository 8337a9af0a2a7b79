"""Prompts up to the last token of the window: served, and counted to the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged, rehearsed, told

from contract.catalog.profiles import builtin
from contract.checks.context import lengths
from contract.checks.context.prompt_length import (
    ROUGHLY,
    charged,
    set_prompt_tokens,
)
from contract.checks.context.prompts import (
    MANY_TURNS,
    TURNS,
)
from contract.model.chat import Fill
from contract.model.profile import Capability
from contract.model.reply import rehearse

EXACT = replace(builtin()["vllm-0.32"], context_window=49_152)
COARSE = replace(EXACT, offers=EXACT.offers - {Capability.EXACT_TOKENS})
TO_THE_TOKEN = (
    lengths.serves_1k,
    lengths.serves_8k,
    lengths.serves_40k,
    lengths.serves_the_window,
)
ROUGH = (
    lengths.reads_many_turns,
    lengths.reads_tool_results,
    lengths.reads_text_beside_images,
)


def counted(check, profile, more):
    """The verdict when a prompt is counted so many tokens longer than it is."""
    (probe,) = check.sends
    reply = told(profile, probe)
    changed = set_prompt_tokens(reply, charged(reply) + more)
    return judged(check, rehearse(changed, probe, profile)).word


@pytest.mark.parametrize("check", [*TO_THE_TOKEN, *ROUGH], ids=lambda check: check.id)
@pytest.mark.parametrize(("more", "word"), [(0, "pass"), (1, "fail"), (-1, "fail")])
def test_one_token_makes_the_difference_where_counts_are_exact(check, more, word):
    assert word == counted(check, EXACT, more)


@pytest.mark.parametrize("check", TO_THE_TOKEN, ids=lambda check: check.id)
@pytest.mark.parametrize("more", [1, -1])
def test_calibrated_prompts_of_one_message_are_as_exact(check, more):
    assert "fail" == counted(check, COARSE, more)


@pytest.mark.parametrize("check", ROUGH, ids=lambda check: check.id)
def test_templates_may_spell_what_is_around_the_words(check):
    spare = round(check.sends[0].fill.tokens * ROUGHLY)

    assert "pass" == counted(check, COARSE, spare)
    assert "pass" == counted(check, COARSE, -spare)
    assert "fail" == counted(check, COARSE, spare + 1)
    assert "fail" == counted(check, COARSE, -spare - 1)


@pytest.mark.parametrize("check", [*TO_THE_TOKEN, *ROUGH], ids=lambda check: check.id)
def test_without_a_count_there_is_nothing_to_judge(check):
    def silent(reply):
        return reply.change(lambda body: {**body, "usage": None})

    assert "skip" == rehearsed(check, EXACT, change=silent).word


def test_a_conversation_has_a_thousand_messages():
    roles = [message.role for message in MANY_TURNS.messages]

    assert len(roles) == 1_000 == TURNS + 1
    assert roles[0] == "system"
    assert roles[1:] == ["user", "assistant"] * 499 + ["user"]


def test_the_window_is_the_profile_s_own():
    (probe,) = lengths.serves_the_window.sends
    small = replace(EXACT, context_window=700)
    exchange = rehearse(told(small, probe), probe, small)

    assert 699 == exchange.count("prompt_tokens")
    assert probe.fill == Fill(-1, of_window=True)
    assert "pass" == judged(lengths.serves_the_window, exchange).word
