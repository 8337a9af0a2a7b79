"""When a reply may lack its thought or its answer, and when not."""

from dataclasses import replace

import pytest
from rehearsal import judged, resaid, told

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
from contract.model.chat import (
    Piece,
    PieceKind,
)
from contract.model.probes import (
    CUT_WHOLE,
    SUM_WHOLE,
    TWO_CHOICES,
)
from contract.model.reply import rehearse

PROFILES = builtin()
THOUGHT, ANSWER = Piece(PieceKind.REASONING, "so"), Piece(PieceKind.ANSWER, "42")


@pytest.mark.parametrize(
    ("pieces", "full", "answered"),
    [
        ((THOUGHT, ANSWER), "pass", "pass"),
        ((ANSWER,), "fail", "pass"),
        ((THOUGHT,), "fail", "fail"),
        ((), "fail", "fail"),
        ((THOUGHT, Piece(PieceKind.ANSWER, " \n")), "fail", "fail"),
    ],
)
def test_blank_text_is_no_text(pieces, full, answered):
    exchange = resaid(PROFILES["vllm-0.16"], SUM_WHOLE, lambda _: pieces)

    assert judged(present, exchange).word == full
    assert judged(answer_arrives, exchange).word == answered


def test_a_cut_reply_may_lack_its_answer():
    profile = PROFILES["vllm-0.16"]
    exchange = rehearse(told(profile, CUT_WHOLE), CUT_WHOLE, profile)

    assert judged(present, exchange).word == "skip"
    assert judged(answer_arrives, exchange).word == "skip"


@pytest.mark.parametrize("lost", [0, 1])
def test_each_choice_needs_its_own_thought(lost):
    exchange = resaid(
        PROFILES["llamacpp"],
        TWO_CHOICES,
        lambda said: [
            p for p in said if p.choice != lost or p.kind is not PieceKind.REASONING
        ],
    )

    (finding,) = judged(in_every_choice, exchange).findings
    assert finding.message == f"choice {lost} has no reasoning"


@pytest.mark.parametrize(
    ("name", "word"),
    [("mistral-2025-10", "fail"), ("mistral-2026-08", "fail"), ("vllm-0.16", "skip")],
)
def test_only_a_dialect_with_a_switch_can_ignore_it(name, word):
    exchange = resaid(PROFILES[name], HELLO, lambda _: (THOUGHT, ANSWER))

    assert judged(off_means_off, exchange).word == word


@pytest.mark.parametrize("name", PROFILES)
def test_a_fault_of_one_request_spares_the_others(name):
    profile = PROFILES[name]
    thinking = replace(HELLO, reasons=True)
    reply = told(profile, thinking)

    assert switch_ignored.apply(reply) == reply
    assert unmarked_taken_for_thought.apply(reply) == reply
