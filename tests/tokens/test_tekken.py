"""Texts are encoded as published models encode them, and decode to the same texts."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.tokens import tekken


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_pieces_join_to_the_text(text):
    assert text == "".join(tekken.pieces(text))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (" 👋", [" ", "👋"]),
        ("日本 wave", ["日本", " wave"]),
        ("[THINK]", ["[", "TH", "INK", "]"]),
        ("", []),
    ],
)
def test_pieces_hold_a_character_until_it_is_whole(text, pieces):
    assert pieces == tekken.pieces(text)


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_ids_decode_to_the_text(text):
    assert text == tekken.decoded(tekken.ids(text))
    assert tekken.count_text(text) == len(tekken.ids(text))


def test_ids_are_those_of_published_models():
    assert tekken.ids("Hello, how are you?") == (22177, 1044, 2606, 1584, 1636, 1063)


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 1_000, 131_071, 131_072])
def test_filler_has_exactly_the_tokens_asked_for(count):
    assert count == tekken.count_text(tekken.filler(count))


def test_vocabulary_is_read_once_by_many_threads():
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(tekken.encoding()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(encoding) for encoding in seen}) == 1
