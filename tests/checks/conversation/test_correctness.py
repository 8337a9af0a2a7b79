"""Answer correctness check: the number in digits or in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.conversation.correctness import answers_a_sum
from contract.model.chat import PieceKind
from contract.model.probes import SUM_WHOLE
from contract.model.reply import rehearse

PROFILE = builtin()["mistral-2025-10"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("6 * 7 = 42.", "pass", id="digits"),
        pytest.param("It is Forty-two.", "pass", id="words"),
        pytest.param("green blue red", "fail", id="noise"),
        pytest.param("", "skip", id="empty"),
    ],
)
def test_only_the_correct_number_passes(text, word):
    def change(pieces):
        return [replace(p, text=text) for p in pieces if p.kind is PieceKind.ANSWER][:1]

    whole = rewritten_exchange(PROFILE, SUM_WHOLE, change)

    assert word == verdict_on(answers_a_sum, whole).word


def test_a_truncated_answer_is_skipped():
    short = replace(SUM_WHOLE, options=replace(SUM_WHOLE.options, max_tokens=3))
    cut = rehearse(mock_reply(PROFILE, short), SUM_WHOLE, PROFILE)

    assert "skip" == verdict_on(answers_a_sum, cut).word
