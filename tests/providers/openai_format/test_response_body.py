"""Tool calls, joined and in fragments."""

from __future__ import annotations

from contract.model.chat import Call, Piece, PieceKind, merge_calls
from contract.providers.openai_format import response_body

FIRST = (
    Piece(PieceKind.TOOL, '{"a"', call=Call(0, "x", "f")),
    Piece(PieceKind.TOOL, ":1}", call=Call(0)),
)
SECOND = (Piece(PieceKind.TOOL, "{}", call=Call(1, "y", "g")),)
ANSWER = (Piece(PieceKind.ANSWER, "4"), Piece(PieceKind.ANSWER, "2"))


def test_fragments_of_a_call_become_one_piece_and_text_stays():
    first = Piece(PieceKind.TOOL, '{"a":1}', call=Call(0, "x", "f"))

    assert [*ANSWER, first, *SECOND, *ANSWER] == list(
        merge_calls((*ANSWER, *FIRST, *SECOND, *ANSWER))
    )


def test_text_is_passed_on_before_the_next_piece_is_known():
    def endless():
        while True:
            yield ANSWER[0]

    assert ANSWER[0] == next(merge_calls(endless()))


def test_calls_are_numbered_on_request():
    (plain, _), (numbered, other) = (
        response_body.calls((*FIRST, *SECOND), numbered=numbered)
        for numbered in (False, True)
    )

    assert "index" not in plain
    assert (0, 1) == (numbered["index"], other["index"])
    assert '{"a":1}' == plain["function"]["arguments"]


def test_call_without_an_id_has_the_documented_default():
    (call,) = response_body.calls([Piece(PieceKind.TOOL, "{}")])

    assert "null" == call["id"]
