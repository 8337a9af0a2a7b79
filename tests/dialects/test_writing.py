"""Tool calls, put together and taken apart."""

from __future__ import annotations

from contract.chat import Call, Kind, Piece
from contract.dialects import writing

FIRST = (
    Piece(Kind.TOOL, '{"a"', call=Call(0, "x", "f")),
    Piece(Kind.TOOL, ":1}", call=Call(0)),
)
SECOND = (Piece(Kind.TOOL, "{}", call=Call(1, "y", "g")),)
ANSWER = (Piece(Kind.ANSWER, "4"), Piece(Kind.ANSWER, "2"))


def test_fragments_of_a_call_become_one_piece_and_text_stays_apart():
    first = Piece(Kind.TOOL, '{"a":1}', call=Call(0, "x", "f"))

    assert [*ANSWER, first, *SECOND, *ANSWER] == list(
        writing.whole((*ANSWER, *FIRST, *SECOND, *ANSWER))
    )


def test_text_is_passed_on_before_the_next_piece_is_known():
    def endless():
        while True:
            yield ANSWER[0]

    assert ANSWER[0] == next(writing.whole(endless()))


def test_calls_are_numbered_where_the_provider_does_so():
    (plain, _), (numbered, other) = (
        writing.calls((*FIRST, *SECOND), numbered=numbered)
        for numbered in (False, True)
    )

    assert "index" not in plain
    assert (0, 1) == (numbered["index"], other["index"])
    assert '{"a":1}' == plain["function"]["arguments"]


def test_call_without_an_id_has_the_documented_default():
    (call,) = writing.calls([Piece(Kind.TOOL, "{}")])

    assert "null" == call["id"]
