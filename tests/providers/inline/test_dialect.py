"""Markers stay in content, also before tool calls."""

from __future__ import annotations

from contract.model.chat import Call, Piece, PieceKind
from contract.model.dialect import Answer, Head, Usage
from contract.providers.inline.dialect import INLINE

HEAD = Head("chatcmpl-0123456789abcdef", 1_758_153_600, "m")
REASONING = Piece(PieceKind.REASONING, "Hm")
ANSWER = Piece(PieceKind.ANSWER, "42")
CALL = Piece(PieceKind.TOOL, "{}", call=Call(0, "A1b2C3d4E", "f"))


def test_reasoning_stays_between_markers():
    assert [
        {"role": "assistant", "content": ""},
        {"content": "[THINK]Hm"},
        {"content": "[/THINK]42"},
    ] == list(INLINE.encode([REASONING, ANSWER]))
    assert "[THINK]Hm[/THINK]42" == INLINE.message([REASONING, ANSWER])["content"]


def test_cut_reasoning_stays_open():
    assert "[THINK]Hm" == INLINE.message([REASONING])["content"]


def test_call_closes_the_reasoning_before_it():
    *_, close, call = INLINE.encode([REASONING, CALL])

    assert {"content": "[/THINK]"} == close
    assert ["tool_calls"] == list(call)
    assert "[THINK]Hm[/THINK]" == INLINE.message([REASONING, CALL])["content"]


def test_content_is_answer_text_with_its_markers():
    assert (Piece(PieceKind.ANSWER, "[THINK]Hm[/THINK]42"),) == INLINE.decode(
        {"content": "[THINK]Hm[/THINK]42", "reasoning": "no"}
    )


def test_usage_does_not_count_the_reasoning():
    body = INLINE.completion(HEAD, (Answer((REASONING, ANSWER)),), Usage(3, 4, 2))

    assert "completion_tokens_details" not in body["usage"]
    assert 7 == body["usage"]["total_tokens"]
