"""Answers of any script, whole and in events."""

from dataclasses import replace

import pytest
from rehearsal import judged, resaid, told

from contract.catalog.profiles import builtin
from contract.checks.languages.answers import (
    SCRIPTS,
    SCRIPTS_WHOLE,
    answer_is_encoded_once,
    answer_is_whole,
    pairs_are_not_torn,
    streamed_equals_whole,
)
from contract.model.chat import (
    Piece,
    PieceKind,
)
from contract.model.probes import (
    UTF8,
    UTF8_WHOLE,
)
from contract.model.reply import rehearse

PROFILES = builtin()
NAMES = ["mistral-2026-08", "vllm-0.32", "llamacpp", "inline"]


def saying(name, probe, *texts):
    pieces = tuple(Piece(PieceKind.ANSWER, text) for text in texts)
    return resaid(PROFILES[name], probe, lambda _: pieces)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("日本 👋", "pass"),
        ("日本 \ufffd", "fail"),
        ("plain", "skip"),
    ],
)
def test_a_lost_character_of_a_whole_answer_is_found(name, text, word):
    exchanges = [saying(name, probe, text) for probe in answer_is_whole.sends]

    assert word == judged(answer_is_whole, *exchanges).word


@pytest.mark.parametrize(
    ("spelled", "word"),
    [
        ("👋", "pass"),
        (r"\ud83d\udc4b", "pass"),
        (r"\uD83D\uDC4B", "pass"),
        (r"\ud83d", "fail"),
        (r"\udc4b", "fail"),
        (r"\ud83d \udc4b", "fail"),
        (r"\ud83d\ud83d\udc4b", "fail"),
        (r"\u65e5", "pass"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_half_a_pair_is_found_however_it_is_spelled(name, spelled, word):
    profile = PROFILES[name]
    reply = told(profile, UTF8)
    frames = (
        replace(frame, data=frame.data.replace("👋".encode(), spelled.encode()))
        for frame in reply.frames
    )
    exchange = rehearse(reply.with_frames(frames), UTF8, profile)

    assert "日本" in exchange.answer
    assert word == judged(pairs_are_not_torn, exchange).word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Grüße", "pass"),
        ("GrÃ¼Ã\x9fe", "fail"),
        ("日本", "pass"),
        ("日本 Ã¼", "pass"),
        ("Ã la carte", "pass"),
        ("plain", "skip"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_text_that_was_encoded_twice_is_told_from_text_that_was_not(name, text, word):
    exchanges = [saying(name, probe, text) for probe in (UTF8, UTF8_WHOLE)]

    assert word == judged(answer_is_encoded_once, *exchanges).word


@pytest.mark.parametrize(
    ("streamed", "whole", "word"),
    [
        (("नम", "स्ते"), "नमस्ते", "pass"),
        (("नम", "स्त"), "नमस्ते", "fail"),
        ((" नमस्ते\n",), "नमस्ते", "pass"),
        (("hello",), "hello", "skip"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_stream_must_say_what_the_whole_says(name, streamed, whole, word):
    pair = (saying(name, SCRIPTS, *streamed), saying(name, SCRIPTS_WHOLE, whole))

    assert word == judged(streamed_equals_whole, *pair).word


def test_a_stream_without_text_is_judged_elsewhere():
    profile = PROFILES["vllm-0.32"]
    silent = rehearse(told(profile, SCRIPTS).with_frames(()), SCRIPTS, profile)

    assert (
        judged(
            streamed_equals_whole, silent, saying("vllm-0.32", SCRIPTS_WHOLE, "ü")
        ).word
        == "skip"
    )
