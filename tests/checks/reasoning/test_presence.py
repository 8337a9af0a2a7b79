"""Verdicts on replies without reasoning or without an answer."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.reasoning.presence import (
    HELLO,
    answer_arrives,
    in_every_choice,
    off_means_off,
    present,
    switch_ignored,
    unmarked_taken_for_thought,
)
from contract.model.chat import Piece, PieceKind
from contract.model.probes import CUT_WHOLE, SUM_WHOLE, TWO_CHOICES
from contract.model.reply import rehearse

PROFILES = builtin()
REASONING, ANSWER = Piece(PieceKind.REASONING, "so"), Piece(PieceKind.ANSWER, "42")


@pytest.mark.parametrize(
    ("pieces", "both", "answered"),
    [
        ((REASONING, ANSWER), "pass", "pass"),
        ((ANSWER,), "fail", "pass"),
        ((REASONING,), "fail", "fail"),
        ((), "fail", "fail"),
        ((REASONING, Piece(PieceKind.ANSWER, " \n")), "fail", "fail"),
    ],
)
def test_missing_or_blank_text_is_found(pieces, both, answered):
    exchange = rewritten_exchange(PROFILES["vllm-0.16"], SUM_WHOLE, lambda _: pieces)

    assert verdict_on(present, exchange).word == both
    assert verdict_on(answer_arrives, exchange).word == answered


def test_reply_that_was_cut_off_is_not_applicable():
    profile = PROFILES["vllm-0.16"]
    exchange = rehearse(mock_reply(profile, CUT_WHOLE), CUT_WHOLE, profile)

    assert verdict_on(present, exchange).word == "skip"
    assert verdict_on(answer_arrives, exchange).word == "skip"


@pytest.mark.parametrize("lost", [0, 1])
def test_choice_without_reasoning_is_found(lost):
    exchange = rewritten_exchange(
        PROFILES["llamacpp"],
        TWO_CHOICES,
        lambda pieces: [
            p for p in pieces if p.choice != lost or p.kind is not PieceKind.REASONING
        ],
    )

    (finding,) = verdict_on(in_every_choice, exchange).findings
    assert finding.message == f"choice {lost} has no reasoning"


@pytest.mark.parametrize(
    ("name", "word"),
    [("mistral-2025-10", "fail"), ("mistral-2026-08", "fail"), ("vllm-0.16", "skip")],
)
def test_ignored_switch_is_found_in_dialects_that_have_one(name, word):
    exchange = rewritten_exchange(PROFILES[name], HELLO, lambda _: (REASONING, ANSWER))

    assert verdict_on(off_means_off, exchange).word == word


@pytest.mark.parametrize("name", PROFILES)
def test_faults_of_one_request_do_not_change_others(name):
    profile = PROFILES[name]
    enabled = replace(HELLO, reasons=True)
    reply = mock_reply(profile, enabled)

    assert switch_ignored.apply(reply) == reply
    assert unmarked_taken_for_thought.apply(reply) == reply
