"""What a long text told is found again, wherever it stood."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rehearsal import judged, resaid, told

from contract.catalog.profiles import builtin
from contract.checks.context.recall import (
    PLACES,
    SHORT,
    recalls_every_place,
)
from contract.model.chat import PieceKind
from contract.model.reply import rehearse

PROFILE = builtin()["mistral-2025-10"]
KNOWN = [rehearse(told(PROFILE, probe), probe, PROFILE) for probe in SHORT]


def saying(probe, text):
    """The reply to *probe* with another answer."""

    def change(pieces):
        return [replace(p, text=text) for p in pieces if p.kind is PieceKind.ANSWER][:1]

    return resaid(PROFILE, probe, change)


@pytest.mark.parametrize(("number", "place"), list(enumerate(PLACES)))
def test_each_place_is_asked_for_and_named_when_forgotten(number, place):
    seen = list(KNOWN)
    seen[number] = saying(SHORT[number], "I do not know.")
    verdict = judged(recalls_every_place, *seen)

    assert "pass" == judged(recalls_every_place, *KNOWN).word
    assert [place in finding.message for finding in verdict.findings] == [True]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param('It is "Quince".', "pass", id="spelled-otherwise"),
        pytest.param("It is cherry.", "fail", id="of-another-request"),
        pytest.param("The code is in the text.", "fail", id="evasive"),
    ],
)
def test_the_word_counts_and_not_the_sentence(text, word):
    first = saying(SHORT[0], text)

    assert word == judged(recalls_every_place, first, *KNOWN[1:]).word


def test_an_answer_cut_short_proves_nothing():
    short = replace(SHORT[0], options=replace(SHORT[0].options, max_tokens=3))
    cut = rehearse(told(PROFILE, short), SHORT[0], PROFILE)

    assert "skip" == judged(recalls_every_place, cut, *KNOWN[1:]).word
