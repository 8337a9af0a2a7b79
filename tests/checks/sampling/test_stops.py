"""Tests of the checks of stop strings."""

import json

import pytest
from support.rehearsal import rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.sampling.stops import (
    AS_TEXT,
    FULL,
    INSIDE,
    SEVERAL,
    WHOLE,
    first_stop_wins,
    stop_ends_the_answer,
    stop_finishes_with_stop,
    stop_is_not_shown,
    stop_may_be_text,
    stop_spans_tokens,
)
from contract.model.chat import Piece, PieceKind
from contract.model.wire import build_request

PROFILES = builtin()
VLLM = PROFILES["vllm-0.32"]
FULL_TEXT = ("They want six times seven.", "The answer is 42")


def reply_with(probe, reasoning, answer):
    pieces = (Piece(PieceKind.REASONING, reasoning), Piece(PieceKind.ANSWER, answer))
    return rewritten_exchange(VLLM, probe, lambda _: pieces)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ((FULL_TEXT[0], "The "), "pass"),
        ((FULL_TEXT[0], "The"), "pass"),
        ((FULL_TEXT[0], "The answer is"), "fail"),
        ((FULL_TEXT[0], "The 42"), "fail"),
        ((FULL_TEXT[0], "Th"), "fail"),
        ((FULL_TEXT[0], "Forty-two"), "skip"),
        (("", ""), "skip"),
        (("They want six", ""), "fail"),
    ],
)
def test_text_ends_where_the_stop_begins(text, word):
    cut = [reply_with(probe, *text) for probe in stop_ends_the_answer.sends[1:]]

    assert (
        word
        == verdict_on(stop_ends_the_answer, reply_with(FULL, *FULL_TEXT), *cut).word
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (("Six sevens; the", " "), "pass"),
        (("Six sevens; the answer is", " "), "fail"),
        (("Six sevens; the", "The "), "fail"),
    ],
)
def test_a_stop_inside_the_reasoning_ends_the_whole_reply(text, word):
    full = reply_with(FULL, "Six sevens; the answer is clear.", "The answer is 42")
    cut = [reply_with(probe, *text) for probe in stop_ends_the_answer.sends[1:]]

    assert word == verdict_on(stop_ends_the_answer, full, *cut).word


@pytest.mark.parametrize(
    "check",
    [stop_ends_the_answer, stop_spans_tokens, first_stop_wins, stop_may_be_text],
    ids=lambda check: check.id,
)
def test_text_without_the_stop_string_is_inconclusive(check):
    exchanges = [reply_with(probe, "Hm.", "Forty-two.") for probe in check.sends]

    assert verdict_on(check, *exchanges).word == "skip"


@pytest.mark.parametrize(("answer", "word"), [("The ans", "pass"), ("The ", "fail")])
def test_a_stop_inside_tokens_keeps_their_beginnings(answer, word):
    cut = [
        reply_with(probe, FULL_TEXT[0], answer) for probe in stop_spans_tokens.sends[1:]
    ]

    assert (
        word == verdict_on(stop_spans_tokens, reply_with(FULL, *FULL_TEXT), *cut).word
    )


@pytest.mark.parametrize(
    ("answer", "word"), [("The ", "pass"), ("The answer is ", "fail")]
)
def test_the_first_stop_in_the_text_wins_over_the_first_in_the_list(answer, word):
    several = reply_with(SEVERAL, FULL_TEXT[0], answer)

    assert (
        word == verdict_on(first_stop_wins, reply_with(FULL, *FULL_TEXT), several).word
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ((FULL_TEXT[0], "The "), "pass"),
        ((FULL_TEXT[0], "The answer is"), "fail"),
        (("so the answer is", "42"), "fail"),
    ],
)
def test_the_stop_may_not_be_shown_anywhere(text, word):
    exchanges = [reply_with(probe, *text) for probe in stop_is_not_shown.sends]

    assert word == verdict_on(stop_is_not_shown, *exchanges).word


def test_the_finish_reason_of_a_reply_that_was_not_stopped_is_not_judged():
    exchanges = [
        reply_with(probe, "Hm.", "Forty-two.")
        for probe in stop_finishes_with_stop.sends
    ]

    assert verdict_on(stop_finishes_with_stop, *exchanges).word == "skip"


@pytest.mark.parametrize("name", ["mistral-2025-10", "vllm-0.32", "llamacpp"])
@pytest.mark.parametrize(
    ("probe", "stop"),
    [
        (WHOLE, ["answer is"]),
        (INSIDE, ["wer i"]),
        (SEVERAL, ["42", "answer is", "a phrase nobody says"]),
        (AS_TEXT, "answer is"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_stop_is_sent_as_a_list_or_as_a_string(name, probe, stop):
    assert stop == json.loads(build_request(probe, PROFILES[name], "m").body)["stop"]
