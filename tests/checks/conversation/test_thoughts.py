"""Histories without earlier thoughts: what they cost, and what follows them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.conversation.thoughts import (
    EVERY,
    LAST_ONLY,
    STREAMED,
    WHOLE,
    WITHOUT,
    later_answer_is_lost,
    later_turns_are_sound,
    thinks_in_the_first_turn_alone,
    thoughts_may_be_left_out,
)
from contract.checks.judging.prompt_tokens import PLAIN
from contract.model.chat import PieceKind, Thinking
from contract.model.conditions import conditional
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_usage
from contract.testing.rehearsal import rehearse as rehearse_check

PROFILE = builtin()["mistral-2025-10"]
HISTORIES = (PLAIN, WITHOUT, LAST_ONLY, EVERY)


def counted(profile, *more):
    """Exchanges of the histories whose prompts cost *more* tokens than they should."""

    def changed(probe, extra):
        def add(usage):
            usage["prompt_tokens"] += extra

        reply = rewrite_usage(mock_reply(profile, probe), add)
        return rehearse(reply, probe, profile)

    return [changed(probe, n) for probe, n in zip(HISTORIES, more, strict=True)]


def test_the_histories_differ_in_their_thoughts_alone():
    kept = [
        sum(isinstance(p, Thinking) for m in probe.messages for p in m.parts)
        for probe in HISTORIES
    ]

    assert [0, 0, 1, 2] == kept
    assert len({tuple(m.text for m in p.messages) for p in HISTORIES[1:]}) == 1


@pytest.mark.parametrize("profile", ["mistral-2025-10", "vllm-0.32", "llamacpp"])
def test_each_history_passes_as_it_was_sent(profile):
    exchanges = counted(builtin()[profile], 0, 0, 0, 0)

    assert "pass" == verdict_on(thoughts_may_be_left_out, *exchanges).word


@pytest.mark.parametrize(
    ("more", "name"),
    [
        pytest.param((0, 4, 2, 0), "history without thoughts", id="empty-thoughts"),
        pytest.param((0, -9, -9, -9), "history without thoughts", id="answers-lost"),
        pytest.param((0, 0, -11, -11), "further thought", id="thought-lost"),
        pytest.param((0, 0, 0, 1), "further thought", id="marker-added"),
    ],
)
def test_a_count_that_is_off_is_found(more, name):
    found = verdict_on(thoughts_may_be_left_out, *counted(PROFILE, *more)).findings

    assert any(name in finding.message for finding in found)


def test_a_template_that_leaves_thoughts_out_may_do_so():
    drops = replace(PROFILE, tolerates=PROFILE.tolerates | {"replayed-thought-dropped"})
    plain, without, *_ = counted(drops, 0, 0, 0, 0)
    same = [
        rehearse(mock_reply(PROFILE, WITHOUT), probe, drops)
        for probe in (LAST_ONLY, EVERY)
    ]

    assert "pass" == verdict_on(thoughts_may_be_left_out, plain, without, *same).word


@pytest.mark.parametrize("condition", ["streamed", "whole"])
@pytest.mark.parametrize(
    "fault", [thinks_in_the_first_turn_alone, later_answer_is_lost]
)
def test_a_fault_of_one_form_is_found(fault, condition):
    change = conditional(fault.apply, when=[condition])
    result = rehearse_check(later_turns_are_sound, "vllm", change=change)

    assert "fail" == result.outcome
    assert {WHOLE.name if condition == "whole" else STREAMED.name} == {
        finding.at for finding in result.findings
    }


def answering(probe, answer):
    def change(pieces):
        own = [piece for piece in pieces if piece.kind is PieceKind.ANSWER]
        rest = [piece for piece in pieces if piece.kind is not PieceKind.ANSWER]
        return [*rest, replace(own[0], text=answer)]

    return rewritten_exchange(PROFILE, probe, change)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        pytest.param("It's **Plum**!", "pass", id="other-words"),
        pytest.param("I do not know your code.", "fail", id="forgotten"),
    ],
)
def test_the_first_turn_has_to_be_known(answer, word):
    exchanges = [answering(probe, answer) for probe in (WHOLE, STREAMED)]

    assert word == verdict_on(later_turns_are_sound, *exchanges).word


def test_a_cut_reply_is_not_judged():
    short = replace(WHOLE, options=replace(WHOLE.options, max_tokens=3))
    cut = rehearse(mock_reply(PROFILE, short), WHOLE, PROFILE)

    assert "skip" == verdict_on(later_turns_are_sound, cut, cut).word
