"""Tests that a repeated text is compared letter by letter."""

import html
from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.languages.changes import Change
from contract.checks.languages.verbatim import (
    DECOMPOSED,
    MARKUP,
    deltas_cumulative,
    deltas_sent_twice,
    text_is_not_rewritten,
    text_is_repeated_exactly,
)
from contract.model.chat import PieceKind
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_pieces

PROFILE = builtin()["mistral-2025-10"]


def verdict(check, change, *, streamed=True, whole=True):
    """The verdict on answers with *change* applied, streamed and whole."""

    def changed(pieces):
        answer = [p for p in pieces if p.kind is PieceKind.ANSWER]
        rest = [p for p in pieces if p.kind is not PieceKind.ANSWER]
        text = change("".join(piece.text for piece in answer))
        return [*rest, replace(answer[0], text=text)]

    exchanges = []
    for probe in check.sends:
        reply = mock_reply(PROFILE, probe)
        if (streamed and probe.stream) or (whole and not probe.stream):
            reply = rewrite_pieces(reply, changed)
        exchanges.append(rehearse(reply, probe, PROFILE))
    return verdict_on(check, *exchanges)


@pytest.mark.parametrize("check", [text_is_not_rewritten, text_is_repeated_exactly])
@pytest.mark.parametrize("words", ["Sure! What should I repeat?", "", "42"])
def test_other_words_are_not_judged(check, words):
    assert verdict(check, lambda _: words).word == "skip"


@pytest.mark.parametrize("check", [text_is_not_rewritten, text_is_repeated_exactly])
def test_outer_white_space_is_no_change(check):
    assert verdict(check, lambda text: f"\n{text} ").word == "pass"


def test_escapes_are_the_fault_of_the_server_in_both_answers():
    found, *rest = verdict(text_is_not_rewritten, html.escape).findings

    assert found.message == f"the text was changed: {Change.ESCAPED}"
    assert found.at == "repeat-markup-whole, character 4"
    assert (found.expected[:9], found.actual[:9]) == ('"Use <b>5', '"Use &lt;')
    assert len(rest) == 1


def quoted_loosely(text):
    return text.replace("'", "\u2019")


def test_what_a_model_may_have_changed_is_only_a_warning():
    assert verdict(text_is_not_rewritten, quoted_loosely).word == "pass"
    assert verdict(text_is_repeated_exactly, quoted_loosely).word == "fail"
    assert text_is_repeated_exactly.level == "SHOULD"


@pytest.mark.parametrize(("streamed", "whole"), [(True, False), (False, True)])
def test_what_only_one_of_two_answers_has_is_the_fault_of_the_server(streamed, whole):
    found = verdict(
        text_is_not_rewritten, quoted_loosely, streamed=streamed, whole=whole
    )

    (one,) = found.findings
    assert one.message == f"the text was changed: {Change.CURLED}"
    assert ("streamed" in one.at) is streamed


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        (deltas_cumulative, Change.CUMULATIVE),
        (deltas_sent_twice, Change.DOUBLED),
    ],
)
def test_streams_that_repeat_text_are_called_so(fault, change):
    exchanges = [
        rehearse(fault.apply(mock_reply(PROFILE, probe)), probe, PROFILE)
        for probe in text_is_not_rewritten.sends
    ]

    found = verdict_on(text_is_not_rewritten, *exchanges).findings
    assert {one.message for one in found} == {f"the text was changed: {change}"}


def test_the_texts_hold_what_is_compared():
    assert all(part in MARKUP for part in ("&lt;", "&amp;", " & ", '"', "'", "\u2019"))
    assert DECOMPOSED != DECOMPOSED.encode("ascii", "ignore").decode()
