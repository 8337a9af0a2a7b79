"""Prefix checks: continued answers, whole and streamed."""

import json

import pytest
from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.conversation.prefix import (
    CONTINUED,
    CONTINUED_STREAM,
    PREFIX_TEXT,
    prefix_begins_no_thought,
    prefix_is_not_doubled,
    prefix_streams_the_same,
)
from contract.model.chat import Piece, PieceKind
from contract.model.reply import rehearse
from contract.model.wire import build_request

PROFILES = builtin()
NAMES = ["mistral-2025-10", "mistral-2026-08", "vllm-0.32", "llamacpp"]


def answering(name, probe, answer, reasoning=""):
    pieces = [Piece(PieceKind.REASONING, reasoning)] if reasoning else []
    pieces.append(Piece(PieceKind.ANSWER, answer))
    return rewritten_exchange(PROFILES[name], probe, lambda _: tuple(pieces))


def both(name, check, answer, reasoning=""):
    return [answering(name, probe, answer, reasoning) for probe in check.sends]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (" is 42", "pass"),
        (f"{PREFIX_TEXT} is 42", "pass"),
        (f"{PREFIX_TEXT}{PREFIX_TEXT} is 42", "fail"),
        (f"{PREFIX_TEXT} is 42. {PREFIX_TEXT} is 42.", "fail"),
    ],
)
def test_the_prefix_may_appear_once_or_not_at_all(name, answer, word):
    verdict = verdict_on(
        prefix_is_not_doubled, *both(name, prefix_is_not_doubled, answer)
    )

    assert word == verdict.word


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("reasoning", "word"), [("", "pass"), ("Hm.", "fail")])
def test_no_reasoning_may_follow_the_prefix(name, reasoning, word):
    exchanges = both(name, prefix_begins_no_thought, " is 42", reasoning)

    assert word == verdict_on(prefix_begins_no_thought, *exchanges).word


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("streamed", "whole", "word"),
    [
        (" is 42", " is 42", "pass"),
        (" is 42", f"{PREFIX_TEXT} is 42", "fail"),
        (f"{PREFIX_TEXT} is 42", f"{PREFIX_TEXT} is 42", "pass"),
    ],
)
def test_streamed_and_whole_answers_must_agree(name, streamed, whole, word):
    pair = (
        answering(name, CONTINUED_STREAM, streamed),
        answering(name, CONTINUED, whole),
    )

    assert word == verdict_on(prefix_streams_the_same, *pair).word


@pytest.mark.parametrize(
    ("name", "repeats"),
    [
        ("mistral-2025-10", True),
        ("mistral-2026-08", True),
        ("llamacpp", True),
        ("vllm-0.32", False),
        ("inline", False),
    ],
)
@pytest.mark.parametrize("probe", [CONTINUED, CONTINUED_STREAM], ids=lambda p: p.name)
def test_the_mock_repeats_the_prefix_like_its_profile(name, repeats, probe):
    exchange = rehearse(mock_reply(PROFILES[name], probe), probe, PROFILES[name])

    assert repeats == exchange.answer.startswith(PREFIX_TEXT)
    assert exchange.answer.endswith(" is 42")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("mistral-2025-10", "prefix"),
        ("llamacpp", "prefix"),
        ("vllm-0.32", "continue_final_message"),
    ],
)
def test_each_dialect_has_its_own_prefix_field(name, field):
    body = json.loads(build_request(CONTINUED, PROFILES[name], "m").body)

    assert body.get(field, body["messages"][-1].get(field)) is True
