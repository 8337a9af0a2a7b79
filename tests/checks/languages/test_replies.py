"""Thought and answer in the language of the question: faults found, caution kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.languages import replies
from contract.checks.languages.replies import (
    PROBES,
    answers_in_english,
    answers_in_the_language,
    thinks_in_english,
    thinks_in_the_language,
)
from contract.model.chat import PieceKind
from contract.model.conditions import conditional, every_nth
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_pieces

PROFILE = builtin()["mistral-2025-10"]
BOTH = [
    pytest.param(thinks_in_the_language, thinks_in_english, id="thought"),
    pytest.param(answers_in_the_language, answers_in_english, id="answer"),
]


@pytest.fixture(scope="module")
def sound():
    """The replies of the mock, in each of the languages."""
    return [mock_reply(PROFILE, probe) for probe in PROBES]


def verdict(check, sound, change):
    changed = [change(reply) for reply in sound]
    return verdict_on(
        check,
        *(
            rehearse(reply, probe, PROFILE)
            for reply, probe in zip(changed, PROBES, strict=True)
        ),
    )


def telling(kind, text):
    """A change that puts *text* in place of every text of *kind*."""

    def change(pieces):
        rest = [piece for piece in pieces if piece.kind is not kind]
        first = next(piece for piece in pieces if piece.kind is kind)
        return [replace(first, text=text), *rest]

    return lambda reply: rewrite_pieces(reply, change)


@pytest.mark.parametrize(("check", "fault"), BOTH)
@pytest.mark.parametrize(
    ("limit", "least"),
    [
        pytest.param(lambda change: change, 22, id="always"),
        pytest.param(lambda c: conditional(c, when=["streamed"]), 11, id="streamed"),
        pytest.param(lambda c: conditional(c, when=["whole"]), 11, id="whole"),
        pytest.param(lambda change: every_nth(change, 7), 3, id="every-seventh"),
    ],
)
def test_english_is_found_wherever_it_strikes(check, fault, limit, least, sound):
    found = verdict(check, sound, limit(fault.apply)).findings

    assert len(found) >= least
    assert all(f"is in {'English'}" in one.message for one in found)


@pytest.mark.parametrize("language", replies.NEIGHBOURS)
def test_a_neighbouring_language_is_found(language, sound):
    fault = replies.answers_in_a_neighbouring_language
    found = verdict(answers_in_the_language, sound, fault.apply).findings

    assert [f"a question in {language} " in one.message for one in found].count(True)
    assert len(found) == len(replies.NEIGHBOURS)


@pytest.mark.parametrize("text", ["42", r"\(6 \cdot 7 = 42\)", "H2O", "OK!"])
@pytest.mark.parametrize(
    ("check", "kind"),
    [
        (thinks_in_the_language, PieceKind.REASONING),
        (answers_in_the_language, PieceKind.ANSWER),
    ],
)
def test_what_cannot_be_told_is_not_judged(check, kind, text, sound):
    assert "skip" == verdict(check, sound, telling(kind, text)).word


def test_an_answer_in_english_says_nothing_of_the_thought(sound):
    assert (
        "pass" == verdict(thinks_in_the_language, sound, answers_in_english.apply).word
    )


def test_each_language_is_asked_once_by_turns_whole_and_streamed():
    assert [probe.stream for probe in PROBES] == [False, True] * 12
    assert len(set(PROBES)) == 24
