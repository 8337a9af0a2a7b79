"""The [THINK] grammar: markers may be cut anywhere, stray ones stay visible."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contract.model.chat import Call, Piece, PieceKind, merge_pieces
from contract.model.think import CLOSE, OPEN, Splitter, split, wrap
from contract.testing.strategies import marked, pieces

tagged = st.lists(
    st.sampled_from([OPEN, CLOSE, "[", "[/", "THINK]", "a", " b", "é👋", "]"]),
    max_size=12,
).map("".join)


def fed(parts):
    splitter = Splitter()
    found = [piece for part in parts for piece in splitter.feed(part)]
    return merge_pieces([*found, *splitter.close()])


@given(text=tagged)
def test_every_single_cut_gives_the_same_pieces(text):
    whole = fed([text])

    for place in range(len(text) + 1):
        assert whole == fed([text[:place], text[place:]])


@given(text=tagged)
def test_one_character_at_a_time_gives_the_same_pieces(text):
    assert merge_pieces(split(text)) == fed(text)


@given(text=st.text(max_size=30))
def test_text_without_markers_is_all_answer(text):
    assume(OPEN not in text)

    assert text == "".join(piece.text for piece in split(text))
    assert {PieceKind.ANSWER} >= {piece.kind for piece in split(text)}


@given(output=pieces())
def test_split_inverts_wrap(output):
    texts = tuple(piece for piece in output if piece.kind is not PieceKind.TOOL)
    assume(not marked(texts))

    assert merge_pieces(texts) == merge_pieces(split("".join(wrap(texts))))


R, A = PieceKind.REASONING, PieceKind.ANSWER


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("42", [(A, "42")], id="no markers"),
        pytest.param("[THINK]Hm[/THINK]42", [(R, "Hm"), (A, "42")], id="both"),
        pytest.param("[THINK]Hm", [(R, "Hm")], id="cut in the reasoning"),
        pytest.param("Hm[/THINK]42", [(A, "Hm[/THINK]42")], id="only the end"),
        pytest.param("a[THINK]b[/THINK]c", [(A, "a"), (R, "b"), (A, "c")], id="late"),
        pytest.param(
            "[THINK]a[THINK]b[/THINK]c", [(R, "a[THINK]b"), (A, "c")], id="twice open"
        ),
        pytest.param(
            "[THINK]a[/THINK]b[/THINK]c", [(R, "a"), (A, "b[/THINK]c")], id="twice end"
        ),
        pytest.param("[THINK][/THINK]42", [(A, "42")], id="empty reasoning"),
        pytest.param("[THINK", [(A, "[THINK")], id="half a marker"),
        pytest.param("[[THINK]a", [(A, "["), (R, "a")], id="a bracket before"),
        pytest.param("[think]a", [(A, "[think]a")], id="lower case"),
    ],
)
def test_markers_separate_reasoning_and_answer(text, found):
    assert found == [(piece.kind, piece.text) for piece in split(text)]


def test_text_that_cannot_begin_a_marker_is_not_held_back():
    splitter = Splitter(2)

    assert [Piece(A, "42 ", 2)] == splitter.feed("42 [TH")
    assert [] == splitter.feed("INK")
    assert [Piece(R, "Hm", 2)] == splitter.feed("]Hm")


def test_close_can_be_called_twice():
    splitter = Splitter()
    splitter.feed("[TH")

    assert [Piece(A, "[TH")] == splitter.close()
    assert [] == splitter.close()


def test_calls_are_left_out_of_tagged_text():
    call = Piece(PieceKind.TOOL, "{}", call=Call())

    assert ["[THINK]Hm", "[/THINK]42"] == list(
        wrap([Piece(R, "Hm"), call, Piece(A, "42")])
    )
