"""Tests of the checks of what surrounds a document: fences, finish reasons, streams."""

import pytest

from contract.checks.structured import around
from contract.checks.structured.document import rewrite_answer


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
