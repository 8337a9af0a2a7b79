"""Tests of the vocabulary: Tekken's tokens in order, whole or truncated."""

import base64
from functools import cache

import pytest

from contract.errors import UsageError
from contract.mock_server.scripts import scripts
from contract.tiny.vocabulary import FULL, LEAST, control, vocabulary
from contract.tokens import tekken

TEXTS = ("What is 6 times 7?", "Grüße, 日本語 👋🏽", '{"city": "Rome"}')


@cache
def truncated():
    return vocabulary(LEAST)


def test_whole_vocabulary_splits_texts_as_tekken_does():
    whole = vocabulary(FULL)

    assert [tekken.ids(text) for text in TEXTS] == [whole.ids(text) for text in TEXTS]


@pytest.mark.parametrize("text", TEXTS)
def test_truncated_vocabulary_encodes_every_text(text):
    tokens = truncated().ids(text)

    assert text.encode() == b"".join(truncated().token_bytes(token) for token in tokens)
    assert max(tokens) < LEAST


def test_names_of_control_tokens_become_these():
    begin, think, *_, end = truncated().ids("<s>[THINK]hm[/THINK]")

    assert (tekken.Control.BEGIN, tekken.Control.THINK) == (begin, think)
    assert tekken.Control.THINK_END == end


@pytest.mark.parametrize(
    "trigger", [script.trigger for script in scripts().values() if script.trigger]
)
@pytest.mark.parametrize("before", ["", "Please ", "\n", "(", "«"])
def test_trigger_ends_in_the_same_token_after_any_text(trigger, before):
    *_, alone = truncated().ids(trigger)

    assert alone in truncated().ids(before + trigger)
    assert 2 == len(truncated().ids(trigger))


def test_file_contains_the_vocabulary():
    file = truncated().file()

    assert "v13" == file["config"]["version"]
    assert LEAST == file["config"]["default_vocab_size"] == truncated().size
    assert LEAST == len(file["special_tokens"]) + len(file["vocab"])
    assert list(truncated().ranks) == [
        base64.b64decode(entry["token_bytes"]) for entry in file["vocab"]
    ]
    assert control(tekken.Control.THINK) in {
        token["token_str"] for token in file["special_tokens"]
    }


def test_names_of_control_tokens_are_unique():
    assert tekken.ORDINARY == len({control(token) for token in range(tekken.ORDINARY)})


@pytest.mark.parametrize("size", [0, LEAST - 1, FULL + 1])
def test_size_outside_the_range_is_rejected(size):
    with pytest.raises(UsageError, match="32768 to 131072 tokens"):
        vocabulary(size)
