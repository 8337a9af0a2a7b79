"""A prefix, and what may follow it."""

import json

import pytest
from rehearsal import judged, resaid, told

from contract.catalog.profiles import builtin
from contract.checks.conversation.prefix import (
    BEGUN,
    CONTINUED,
    CONTINUED_STREAM,
    prefix_begins_no_thought,
    prefix_is_not_doubled,
    prefix_streams_the_same,
)
from contract.model.chat import (
    Piece,
    PieceKind,
)
from contract.model.reply import rehearse
from contract.model.wire import build_request

PROFILES = builtin()
NAMES = ["mistral-2025-10", "mistral-2026-08", "vllm-0.32", "llamacpp"]


def saying(name, probe, answer, thought=""):
    pieces = [Piece(PieceKind.REASONING, thought)] if thought else []
    pieces.append(Piece(PieceKind.ANSWER, answer))
    return resaid(PROFILES[name], probe, lambda _: tuple(pieces))


def both(name, check, answer, thought=""):
    return [saying(name, probe, answer, thought) for probe in check.sends]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (" is 42", "pass"),
        (f"{BEGUN} is 42", "pass"),
        (f"{BEGUN}{BEGUN} is 42", "fail"),
        (f"{BEGUN} is 42. {BEGUN} is 42.", "fail"),
    ],
)
def test_the_prefix_comes_once_or_not_at_all(name, answer, word):
    verdict = judged(prefix_is_not_doubled, *both(name, prefix_is_not_doubled, answer))

    assert word == verdict.word


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("thought", "word"), [("", "pass"), ("Hm.", "fail")])
def test_no_thought_follows_the_prefix(name, thought, word):
    exchanges = both(name, prefix_begins_no_thought, " is 42", thought)

    assert word == judged(prefix_begins_no_thought, *exchanges).word


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("streamed", "whole", "word"),
    [
        (" is 42", " is 42", "pass"),
        (" is 42", f"{BEGUN} is 42", "fail"),
        (f"{BEGUN} is 42", f"{BEGUN} is 42", "pass"),
    ],
)
def test_streamed_and_whole_agree_on_the_prefix(name, streamed, whole, word):
    pair = (
        saying(name, CONTINUED_STREAM, streamed),
        saying(name, CONTINUED, whole),
    )

    assert word == judged(prefix_streams_the_same, *pair).word


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
def test_stand_in_repeats_the_prefix_where_its_provider_does(name, repeats, probe):
    exchange = rehearse(told(PROFILES[name], probe), probe, PROFILES[name])

    assert repeats == exchange.answer.startswith(BEGUN)
    assert exchange.answer.endswith(" is 42")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("mistral-2025-10", "prefix"),
        ("llamacpp", "prefix"),
        ("vllm-0.32", "continue_final_message"),
    ],
)
def test_each_dialect_asks_for_it_in_its_own_way(name, field):
    body = json.loads(build_request(CONTINUED, PROFILES[name], "m").body)

    assert body.get(field, body["messages"][-1].get(field)) is True
