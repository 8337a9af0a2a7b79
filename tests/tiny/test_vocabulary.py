"""Tekken, whole or cut: the same tokens in the same order, under v13's head."""

import base64
from functools import cache

import pytest

from contract.errors import UsageError
from contract.mock_server.scripts import scripts
from contract.tiny.vocabulary import (
    FULL,
    LEAST,
    control,
    vocabulary,
)
from contract.tokens import tekken

TEXTS = ("What is 6 times 7?", "Grüße, 日本語 👋🏽", '{"city": "Rome"}')


@cache
def cut():
    return vocabulary(LEAST)


def test_whole_vocabulary_splits_texts_as_tekken_does():
    whole = vocabulary(FULL)

    assert [tekken.ids(text) for text in TEXTS] == [whole.ids(text) for text in TEXTS]


@pytest.mark.parametrize("text", TEXTS)
def test_cut_vocabulary_still_spells_every_text(text):
    tokens = cut().ids(text)

    assert text.encode() == b"".join(cut().spelled(token) for token in tokens)
    assert max(tokens) < LEAST


def test_names_of_control_tokens_stand_for_these():
    begin, think, *_, end = cut().ids("<s>[THINK]hm[/THINK]")

    assert (tekken.Control.BEGIN, tekken.Control.THINK) == (begin, think)
    assert tekken.Control.THINK_END == end


@pytest.mark.parametrize(
    "trigger", [script.trigger for script in scripts().values() if script.trigger]
)
@pytest.mark.parametrize("before", ["", "Please ", "\n", "(", "«"])
def test_trigger_ends_in_its_one_token_wherever_it_stands(trigger, before):
    *_, alone = cut().ids(trigger)

    assert alone in cut().ids(before + trigger)
    assert 2 == len(cut().ids(trigger))


def test_file_says_what_the_vocabulary_is():
    file = cut().file()

    assert "v13" == file["config"]["version"]
    assert LEAST == file["config"]["default_vocab_size"] == cut().size
    assert LEAST == len(file["special_tokens"]) + len(file["vocab"])
    assert list(cut().ranks) == [
        base64.b64decode(entry["token_bytes"]) for entry in file["vocab"]
    ]
    assert control(tekken.Control.THINK) in {
        token["token_str"] for token in file["special_tokens"]
    }


def test_no_two_control_tokens_have_one_name():
    assert tekken.ORDINARY == len({control(token) for token in range(tekken.ORDINARY)})


@pytest.mark.parametrize("size", [0, LEAST - 1, FULL + 1])
def test_size_that_cannot_hold_the_scripts_is_refused(size):
    with pytest.raises(UsageError, match="32768 to 131072 tokens"):
        vocabulary(size)
