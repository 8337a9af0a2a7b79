"""Tests of the checks of completion_tokens and reasoning_tokens."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, recorded_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.usage.completion import (
    TWO_CUT,
    capped_by_max_tokens,
    choices_are_summed,
    completion_includes_thinking,
    counts_reasoning,
    within_max_tokens,
)
from contract.model.probes import CUT_WHOLE, SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import encode_json, rehearse
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting

PROFILE = builtin()["vllm-0.32"]
COARSE = replace(PROFILE, offers=PROFILE.offers - {Capability.EXACT_TOKENS})


def with_usage(probe, profile=PROFILE, **counters):
    """Return the reply to *probe* with other counters."""
    reply = rewrite_usage(
        mock_reply(profile, probe), lambda usage: usage.update(counters)
    )
    return rehearse(reply, probe, profile)


def test_the_count_is_reasoning_answer_markers_and_end():
    exchange = with_usage(SUM_WHOLE)
    text = counting.count_text(exchange.reasoning) + counting.count_text(
        exchange.answer
    )

    assert exchange.count("completion_tokens") == text + 3


@pytest.mark.parametrize(
    ("number", "exact", "coarse"),
    [
        pytest.param(6, "fail", "fail", id="answer-only"),
        pytest.param(9, "fail", "fail", id="answer-and-markers"),
        pytest.param(14, "fail", "pass", id="coarser-tokens"),
        pytest.param(19, "pass", "pass", id="without-control-tokens"),
        pytest.param(22, "pass", "pass", id="all"),
        pytest.param(36, "pass", "pass", id="finer-tokens"),
        pytest.param(80, "fail", "fail", id="more-than-bytes"),
        pytest.param("22", "skip", "skip", id="text"),
        pytest.param(True, "skip", "skip", id="boolean"),
    ],
)
def test_completion_tokens_must_include_the_reasoning(number, exact, coarse):
    for profile, word in ((PROFILE, exact), (COARSE, coarse)):
        exchange = with_usage(SUM_WHOLE, profile, completion_tokens=number)

        assert verdict_on(completion_includes_thinking, exchange).word == word


@pytest.mark.parametrize(
    ("number", "exact", "coarse"),
    [
        (0, "fail", "fail"),
        (1, "fail", "pass"),
        (13, "pass", "pass"),
        (15, "pass", "pass"),
        (22, "fail", "fail"),
        (23, "fail", "fail"),
        (None, "fail", "fail"),
        ("13", "fail", "fail"),
    ],
)
def test_reasoning_tokens_must_match_the_reasoning(number, exact, coarse):
    details = {"reasoning_tokens": number}
    for profile, word in ((PROFILE, exact), (COARSE, coarse)):
        exchange = with_usage(SUM_WHOLE, profile, completion_tokens_details=details)

        assert verdict_on(counts_reasoning, exchange).word == word


@pytest.mark.parametrize("number", [2, 4])
def test_a_cut_off_reply_must_count_its_limit(number):
    assert verdict_on(capped_by_max_tokens, with_usage(CUT_WHOLE)).word == "pass"
    wrong = with_usage(CUT_WHOLE, completion_tokens=number)
    assert verdict_on(capped_by_max_tokens, wrong).word == "fail"


@pytest.mark.parametrize(("number", "word"), [(6, "pass"), (3, "fail"), (7, "fail")])
def test_two_cut_off_choices_must_count_twice_the_limit(number, word):
    exchange = with_usage(TWO_CUT, completion_tokens=number)

    assert verdict_on(choices_are_summed, exchange).word == word


@pytest.mark.parametrize(
    ("limit", "word"), [(0, "skip"), (-1, "skip"), (2, "fail"), (3, "pass")]
)
def test_no_reply_is_shorter_than_a_token(limit, word):
    """llama.cpp takes 0 for one token, and -1 for any number of them."""
    whole = rehearse(mock_reply(PROFILE, CUT_WHOLE), CUT_WHOLE, PROFILE)
    body = encode_json({**whole.sent, "max_tokens": limit})
    exchange = replace(whole, request=replace(whole.request, body=body))

    assert exchange.sent["max_tokens"] == limit
    assert verdict_on(within_max_tokens, exchange).word == word
    assert verdict_on(capped_by_max_tokens, exchange).word == word


def test_a_complete_reply_is_not_judged_by_its_limit():
    assert verdict_on(capped_by_max_tokens, with_usage(SUM_WHOLE)).word == "skip"
    assert (
        verdict_on(choices_are_summed, recorded_exchange("llamacpp-b11434/n2")).word
        == "skip"
    )
