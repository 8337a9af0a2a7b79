"""Answer text checks: any script, whole and streamed."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.languages.answers import (
    SCRIPTS,
    SCRIPTS_WHOLE,
    answer_is_encoded_once,
    answer_is_whole,
    pairs_are_not_torn,
    streamed_equals_whole,
)
from contract.model.chat import Piece, PieceKind
from contract.model.probes import UTF8, UTF8_WHOLE
from contract.model.reply import rehearse

PROFILES = builtin()
NAMES = ["mistral-2026-08", "vllm-0.32", "llamacpp", "inline"]


def answering(name, probe, *texts):
    pieces = tuple(Piece(PieceKind.ANSWER, text) for text in texts)
    return rewritten_exchange(PROFILES[name], probe, lambda _: pieces)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("日本 👋", "pass"),
        ("日本 \ufffd", "fail"),
        ("plain", "skip"),
    ],
)
def test_a_damaged_character_in_a_whole_answer_is_a_finding(name, text, word):
    exchanges = [answering(name, probe, text) for probe in answer_is_whole.sends]

    assert word == verdict_on(answer_is_whole, *exchanges).word


@pytest.mark.parametrize(
    ("encoded", "word"),
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
def test_half_a_surrogate_pair_is_a_finding_in_any_encoding(name, encoded, word):
    profile = PROFILES[name]
    reply = mock_reply(profile, UTF8)
    frames = (
        replace(frame, data=frame.data.replace("👋".encode(), encoded.encode()))
        for frame in reply.frames
    )
    exchange = rehearse(reply.with_frames(frames), UTF8, profile)

    assert "日本" in exchange.answer
    assert word == verdict_on(pairs_are_not_torn, exchange).word


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
def test_only_doubly_encoded_text_is_a_finding(name, text, word):
    exchanges = [answering(name, probe, text) for probe in (UTF8, UTF8_WHOLE)]

    assert word == verdict_on(answer_is_encoded_once, *exchanges).word


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
def test_streamed_and_whole_text_must_be_equal(name, streamed, whole, word):
    pair = (answering(name, SCRIPTS, *streamed), answering(name, SCRIPTS_WHOLE, whole))

    assert word == verdict_on(streamed_equals_whole, *pair).word


def test_a_stream_without_text_is_skipped():
    profile = PROFILES["vllm-0.32"]
    empty = rehearse(mock_reply(profile, SCRIPTS).with_frames(()), SCRIPTS, profile)

    assert (
        verdict_on(
            streamed_equals_whole, empty, answering("vllm-0.32", SCRIPTS_WHOLE, "ü")
        ).word
        == "skip"
    )
