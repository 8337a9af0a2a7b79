"""Tests of the checks of what surrounds a document: fences, finish reasons, streams."""

import pytest
from support.rehearsal import rehearsed_verdict

from contract.catalog.profiles import builtin
from contract.checks.structured import around
from contract.checks.structured.document import rewrite_answer
from contract.model.chat import PieceKind
from contract.model.rewrite import rewrite_pieces


def test_a_stream_may_have_other_white_space(verdict):
    def add_space(reply):
        return rewrite_answer(reply, lambda t: f"\n{t} ") if reply.streamed else reply

    assert verdict(around.streamed_equals_whole, change=add_space).word == "pass"


def test_a_different_document_in_the_stream_is_found(verdict):
    def other(reply):
        return (
            rewrite_answer(reply, lambda _: '{"answer": 7, "sure": false}')
            if reply.streamed
            else reply
        )

    assert verdict(around.streamed_equals_whole, change=other).word == "fail"


@pytest.mark.parametrize("text", ["42.", '"42"'])
def test_the_format_text_must_change_nothing(text, verdict):
    def other(reply):
        formatted = reply.probe.options.response_format
        return rewrite_answer(reply, lambda _: text) if formatted else reply

    assert verdict(around.text_is_the_default).word == "pass"
    assert verdict(around.text_is_the_default, change=other).word == "fail"


def test_an_incomplete_document_with_finish_reason_stop_is_found(verdict):
    fault = around.cut_document_called_finished.apply

    assert verdict(around.cut_gives_length).word == "pass"
    assert verdict(around.cut_gives_length, change=fault).word == "fail"


def without_thought(formats):
    def change(reply):
        if (reply.probe.options.response_format is not None) not in formats:
            return reply
        return rewrite_pieces(
            reply, lambda pieces: [p for p in pieces if p.kind is PieceKind.ANSWER]
        )

    return change


@pytest.mark.parametrize(
    ("formats", "word"),
    [({True}, "fail"), ({False}, "skip"), ({True, False}, "skip"), (set(), "pass")],
    ids=["with-format", "without", "both", "neither"],
)
def test_only_a_format_that_stops_the_thinking_is_found(formats, word):
    verdict = rehearsed_verdict(
        around.format_keeps_thinking,
        builtin()["mistral-2025-10"],
        change=without_thought(formats),
    )

    assert verdict.word == word
