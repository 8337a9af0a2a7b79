"""Recall checks: the word from each place of a long text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.context.recall import PLACES, SHORT, recalls_every_place
from contract.model.chat import PieceKind
from contract.model.reply import rehearse

PROFILE = builtin()["mistral-2025-10"]
RECALLED = [rehearse(mock_reply(PROFILE, probe), probe, PROFILE) for probe in SHORT]


def answering(probe, text):
    """Return the exchange of *probe* with *text* as the answer."""

    def change(pieces):
        return [replace(p, text=text) for p in pieces if p.kind is PieceKind.ANSWER][:1]

    return rewritten_exchange(PROFILE, probe, change)


@pytest.mark.parametrize(("number", "place"), list(enumerate(PLACES)))
def test_a_finding_names_the_place_that_was_not_recalled(number, place):
    exchanges = list(RECALLED)
    exchanges[number] = answering(SHORT[number], "I do not know.")
    verdict = verdict_on(recalls_every_place, *exchanges)

    assert "pass" == verdict_on(recalls_every_place, *RECALLED).word
    assert [place in finding.message for finding in verdict.findings] == [True]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param('It is "Quince".', "pass", id="other-wording"),
        pytest.param("It is cherry.", "fail", id="of-another-request"),
        pytest.param("The code is in the text.", "fail", id="evasive"),
    ],
)
def test_only_the_word_is_judged(text, word):
    first = answering(SHORT[0], text)

    assert word == verdict_on(recalls_every_place, first, *RECALLED[1:]).word


def test_a_truncated_answer_is_skipped():
    short = replace(SHORT[0], options=replace(SHORT[0].options, max_tokens=3))
    cut = rehearse(mock_reply(PROFILE, short), SHORT[0], PROFILE)

    assert "skip" == verdict_on(recalls_every_place, cut, *RECALLED[1:]).word
