"""Tests of one entry of `logprobs`: its number, bytes and alternatives."""

import pytest
from support.rehearsal import mock_reply, recorded_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.sampling.logprob_probes import WHOLE
from contract.checks.sampling.top_logprobs import (
    greedy_takes_the_top,
    logprobs_agree_with_the_top,
    logprobs_are_not_positive,
    logprobs_bytes_are_the_token,
    probabilities_sum_to_one,
    top_logprobs_are_as_many,
)
from contract.model.reply import rehearse

VLLM = builtin()["vllm-0.32"]
CHECKS = [
    greedy_takes_the_top,
    logprobs_agree_with_the_top,
    logprobs_are_not_positive,
    logprobs_bytes_are_the_token,
    probabilities_sum_to_one,
    top_logprobs_are_as_many,
]


def with_entries(*entries):
    """A whole reply with these entries in place of its own."""

    def changed(value):
        value["choices"][0]["logprobs"] = {"content": list(entries)}
        return value

    return rehearse(mock_reply(VLLM, WHOLE).change(changed), WHOLE, VLLM)


def entry(logprob=-0.5, token="a", data=(97,), top=None):  # noqa: S107  # no password
    listed = [{"token": token, "logprob": logprob}] if top is None else top
    bytes_ = None if data is None else list(data)
    return {"token": token, "logprob": logprob, "bytes": bytes_, "top_logprobs": listed}


def top(token, logprob):
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_llama_cpp_passes(check):
    exchange = recorded_exchange("llamacpp-b11434/logprobs")

    assert verdict_on(check, exchange).word == "pass"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_reply_without_entries_is_not_judged(check):
    assert verdict_on(check, with_entries()).word == "skip"


@pytest.mark.parametrize(
    ("logprob", "word"),
    [
        (0, "pass"),
        (-3.4e38, "pass"),
        (1e-7, "pass"),
        (0.5, "fail"),
        (None, "fail"),
        ("-1", "fail"),
        (True, "fail"),
    ],
)
def test_a_log_probability_is_a_number_of_at_most_0(logprob, word):
    found = verdict_on(logprobs_are_not_positive, with_entries(entry(logprob)))

    assert found.word == word


@pytest.mark.parametrize(
    ("token", "data", "word"),
    [
        ("é", (0xC3, 0xA9), "pass"),
        ("", (), "pass"),
        ("a", None, "pass"),
        ("\N{REPLACEMENT CHARACTER}", (0xF0, 0x9F), "pass"),
        ("é", (0xE9,), "pass"),  # not UTF-8: a part of a character
        ("é", (0x65,), "fail"),
        (" a", (97,), "fail"),
    ],
)
def test_bytes_are_the_text_in_utf8(token, data, word):
    exchange = with_entries(entry(token=token, data=data))

    assert verdict_on(logprobs_bytes_are_the_token, exchange).word == word


@pytest.mark.parametrize(
    ("count", "word"), [(0, "fail"), (1, "pass"), (2, "pass"), (3, "fail")]
)
def test_there_are_at_most_as_many_alternatives_as_requested(count, word):
    listed = [top(letter, -1.0) for letter in "abc"[:count]]
    exchange = with_entries(entry(-1.0, top=listed))

    assert verdict_on(top_logprobs_are_as_many, exchange).word == word


@pytest.mark.parametrize(
    ("listed", "word"),
    [
        ([top("a", -0.5)], "pass"),
        ([top("a", -0.5004)], "pass"),
        ([top("a", -2.0), top("a", -0.5)], "pass"),
        ([top("a", -2.0)], "fail"),
        ([top("b", -2.0)], "skip"),  # a marker has no text among the alternatives
    ],
)
def test_a_token_agrees_with_its_copy_among_the_alternatives(listed, word):
    exchange = with_entries(entry(-0.5, top=listed))

    assert verdict_on(logprobs_agree_with_the_top, exchange).word == word


@pytest.mark.parametrize(("other", "word"), [(-0.5, "pass"), (-0.4, "fail")])
def test_the_most_likely_token_is_taken_at_temperature_0(other, word):
    exchange = with_entries(entry(-0.5, top=[top("b", other)]))

    assert verdict_on(greedy_takes_the_top, exchange).word == word


@pytest.mark.parametrize(
    ("tops", "word"),
    [
        ([top("a", -0.5), top("b", -0.94)], "pass"),  # 0.607 and 0.391
        ([top("a", -0.5), top("b", -0.5)], "fail"),
        ([top("a", -0.5), top("a", -0.5)], "pass"),  # the same token, listed twice
        ([{"token": "a", "logprob": -0.5}], "pass"),  # an alternative without bytes
        ([top("b", -20.0)], "pass"),
        ([top("b", 3.0)], "pass"),  # another check reports what is no logarithm
    ],
)
def test_probabilities_of_different_tokens_sum_to_one_at_most(tops, word):
    exchange = with_entries(entry(-0.5, top=tops))

    assert verdict_on(probabilities_sum_to_one, exchange).word == word


@pytest.mark.parametrize(
    ("token", "data", "word"),
    [
        ("é", b"\xc3\xa9", "pass"),
        ("é", b"\xef\xbf\xbd", "fail"),  # the bytes were lost
        ("\ufffd", b"\xef\xbf\xbd", "pass"),  # as vLLM sends a part of a character
        ("<0xE2>", b"\xe2", "pass"),  # a token of one byte
        ("", b"\xe2\x80", "pass"),
    ],
)
def test_bytes_that_are_text_are_the_text_of_the_token(token, data, word):
    exchange = with_entries(entry(token=token, data=data, top=[]))

    assert verdict_on(logprobs_bytes_are_the_token, exchange).word == word
