"""Tests that a reply has the requested number of choices and tokens."""

import pytest
from support.rehearsal import mock_reply, recorded_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.sampling.choices import (
    ONE_TOKEN,
    TWO_WHOLE,
    n_gives_as_many,
    one_choice_by_default,
    one_token_is_one,
)
from contract.model.probes import SUM_WHOLE
from contract.model.reply import rehearse

PROFILES = builtin()
NAMES = ["mistral-2026-08", "vllm-0.32", "llamacpp"]


def with_indexes(name, probe, *indexes):
    reply = mock_reply(PROFILES[name], probe)

    def replace_choices(value):
        first = value["choices"][0]
        return {**value, "choices": [{**first, "index": i} for i in indexes]}

    return rehearse(reply.change(replace_choices), probe, PROFILES[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("indexes", "word"),
    [
        ((0, 1), "pass"),
        ((1, 0), "fail"),
        ((0, 0), "fail"),
        ((0,), "fail"),
        ((0, 1, 2), "fail"),
        ((1, 2), "fail"),
        ((0, None), "fail"),
        ((), "fail"),
    ],
)
def test_two_choices_are_numbered_from_zero(name, indexes, word):
    assert (
        word
        == verdict_on(n_gives_as_many, with_indexes(name, TWO_WHOLE, *indexes)).word
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("indexes", "word"),
    [((0,), "pass"), ((0, 1), "fail"), ((1,), "fail"), ((), "fail")],
)
def test_without_n_there_is_one_choice(name, indexes, word):
    exchange = with_indexes(name, SUM_WHOLE, *indexes)

    assert word == verdict_on(one_choice_by_default, exchange).word


@pytest.mark.parametrize(
    ("finish", "tokens", "word"),
    [
        ("length", 1, "pass"),
        ("length", 2, "fail"),
        ("length", 0, "fail"),
        ("stop", 1, "fail"),
        ("length", None, "skip"),
    ],
)
def test_one_token_is_counted_as_one_and_finishes_with_length(finish, tokens, word):
    profile = PROFILES["vllm-0.32"]

    def change(value):
        value["choices"][0]["finish_reason"] = finish
        value["usage"]["completion_tokens"] = tokens
        return value

    exchange = rehearse(
        mock_reply(profile, ONE_TOKEN).change(change), ONE_TOKEN, profile
    )

    assert word == verdict_on(one_token_is_one, exchange).word


@pytest.mark.parametrize(
    ("check", "name", "word"),
    [
        (n_gives_as_many, "vllm-0.32/n_2", "pass"),
        (n_gives_as_many, "llamacpp-b11434/n2", "pass"),
        (n_gives_as_many, "vllm-0.32/n_3_random", "pass"),
        (one_choice_by_default, "vllm-0.32/chat_default", "pass"),
        (one_choice_by_default, "llamacpp-b11434/chat_plain", "pass"),
        (one_choice_by_default, "vllm-0.32/n_2", "skip"),
        (n_gives_as_many, "vllm-0.32/chat_default", "skip"),
        (one_token_is_one, "vllm-0.32/max_tokens_1", "pass"),
        (one_token_is_one, "llamacpp-b11434/max_tokens_1", "pass"),
        (one_token_is_one, "llamacpp-b11434/max_tokens_5", "fail"),
    ],
)
def test_recorded_replies_get_their_verdicts(check, name, word):
    assert word == verdict_on(check, recorded_exchange(name)).word
