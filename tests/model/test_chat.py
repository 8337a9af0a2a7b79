"""Chat values: merging pieces, frozen JSON, parts as text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from contract.model.chat import (
    Call,
    Image,
    Message,
    Piece,
    PieceKind,
    Text,
    Thinking,
    freeze,
    merge_pieces,
)
from contract.testing.strategies import json_values, pieces

R, A, T = PieceKind.REASONING, PieceKind.ANSWER, PieceKind.TOOL


@given(given_pieces=pieces())
def test_merging_keeps_all_text_and_is_idempotent(given_pieces):
    merged = merge_pieces(given_pieces)

    assert "".join(p.text for p in given_pieces) == "".join(p.text for p in merged)
    assert merged == merge_pieces(merged)


@pytest.mark.parametrize(
    ("given_pieces", "merged"),
    [
        pytest.param([], (), id="nothing"),
        pytest.param([Piece(R, "a"), Piece(R, "b")], (Piece(R, "ab"),), id="same"),
        pytest.param([Piece(R, "a"), Piece(R, "")], (Piece(R, "a"),), id="empty"),
        pytest.param([Piece(A, "")], (), id="only empty"),
        pytest.param(
            [Piece(A, "a"), Piece(A, "b", 1)],
            (Piece(A, "a"), Piece(A, "b", 1)),
            id="other choice",
        ),
        pytest.param(
            [Piece(T, "a", call=Call(0, "x", "f")), Piece(T, "b", call=Call(0))],
            (Piece(T, "ab", call=Call(0, "x", "f")),),
            id="one call",
        ),
        pytest.param(
            [Piece(T, "a", call=Call(0, "x")), Piece(T, "b", call=Call(0, "y"))],
            (Piece(T, "a", call=Call(0, "x")), Piece(T, "b", call=Call(0, "y"))),
            id="another call under the same index",
        ),
        pytest.param(
            [Piece(T, "", call=Call(0, "x", "f"))],
            (Piece(T, "", call=Call(0, "x", "f")),),
            id="a call without arguments",
        ),
    ],
)
def test_neighbours_are_merged(given_pieces, merged):
    assert merged == merge_pieces(given_pieces)


@given(value=json_values)
def test_frozen_json_parses_to_the_same_value(value):
    assert value == json.loads(freeze(value))


def test_frozen_json_keeps_order_and_characters():
    assert '{"b":"é","a":[1]}' == freeze({"b": "é", "a": [1]})


@pytest.mark.parametrize(
    ("content", "parts", "text"),
    [
        (None, (), ""),
        ("a", (Text("a"),), "a"),
        ((Text("a"), Thinking("b"), Image(b"c"), Text("d")), None, "ad"),
    ],
    ids=["nothing", "text", "parts"],
)
def test_content_has_parts_and_text(content, parts, text):
    message = Message("user", content)

    assert (content if parts is None else parts) == message.parts
    assert text == message.text


def test_image_is_sent_as_a_data_uri_or_as_its_url():
    assert "data:image/png;base64,AAEC" == Image(b"\0\1\2").uri
    assert "https://example.org/a" == Image(url="https://example.org/a").uri
