"""Tests of the checks of tool_choice."""

import pytest

from contract.checks.tools import choice, finish
from contract.model.chat import Piece, PieceKind
from contract.model.rewrite import rewrite_pieces


def replace_calls_with_text(reply):
    def rewrite(pieces):
        rest = [piece for piece in pieces if piece.kind is not PieceKind.TOOL]
        return [*rest, Piece(PieceKind.ANSWER, "No.", pieces[0].choice)]

    return rewrite_pieces(reply, rewrite)


@pytest.mark.parametrize(
    ("check", "word"),
    [
        (choice.required_is_called, "fail"),
        (choice.named_is_called, "fail"),
        (choice.none_calls_nothing, "pass"),
        (choice.parallel_false_calls_once, "skip"),
        (choice.forced_call_stands_alone, "skip"),
        (finish.call_finishes_as_tool_calls, "skip"),
    ],
    ids=lambda one: getattr(one, "id", one),
)
def test_text_in_place_of_a_call_breaks_only_forced_calls(check, word, verdict):
    assert verdict(check, replace_calls_with_text).word == word
