"""Tests of the checks of usage counters."""

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.usage.counters import (
    cached_within_prompt,
    counts_are_natural,
    present,
    present_in_stream,
    streamed_equals_whole,
    sums_up,
)
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.reply import rehearse

PROFILE = builtin()["llamacpp"]


def with_usage(usage, probe=SUM_WHOLE):
    """Return the reply to *probe* with *usage*."""

    def change(value):
        if "usage" in value:
            value["usage"] = usage
        return value

    return rehearse(mock_reply(PROFILE, probe).change(change), probe, PROFILE)


def counters(prompt, completion, total, **more):
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
        **more,
    }


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize(
    ("usage", "complete", "natural", "summed"),
    [
        (counters(3, 4, 7), "pass", "pass", "pass"),
        (counters(0, 0, 0), "pass", "pass", "pass"),
        (counters(3, 4, 8), "pass", "pass", "fail"),
        (counters(-3, 4, 1), "pass", "fail", "pass"),
        (counters("3", 4, 7), "pass", "fail", "skip"),
        (counters(3.0, 4, 7), "pass", "fail", "skip"),
        (counters(prompt=True, completion=4, total=5), "pass", "fail", "skip"),
        (counters(None, 4, 7), "pass", "fail", "skip"),
        ({"prompt_tokens": 3}, "fail", "pass", "skip"),
        ({}, "fail", "skip", "skip"),
        (None, "fail", "skip", "skip"),
        ([3, 4, 7], "fail", "skip", "skip"),
    ],
)
def test_counters_must_be_complete_natural_and_sum_up(
    probe, usage, complete, natural, summed
):
    exchange = with_usage(usage, probe)

    assert verdict_on(
        present_in_stream if probe.stream else present, exchange
    ).word == (complete)
    assert verdict_on(counts_are_natural, exchange).word == natural
    assert verdict_on(sums_up, exchange).word == summed


@pytest.mark.parametrize(("prompt", "word"), [(3, "pass"), (4, "fail"), (None, "skip")])
def test_streamed_and_non_streamed_prompt_tokens_must_be_equal(prompt, word):
    pair = with_usage(counters(prompt, 4, 7), SUM), with_usage(counters(3, 9, 12))

    assert verdict_on(streamed_equals_whole, *pair).word == word


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 3}}, "pass"),
        ({"prompt_tokens_details": {"cached_tokens": 4}}, "fail"),
        ({"prompt_tokens_details": {"cached_tokens": -1}}, "fail"),
        ({"prompt_tokens_details": {"cached_tokens": "1"}}, "fail"),
        ({"prompt_tokens_details": None}, "skip"),
        ({"prompt_token_details": {"cached_tokens": 4}}, "fail"),
        ({"num_cached_tokens": 0}, "pass"),
        ({"num_cached_tokens": 9}, "fail"),
        ({}, "skip"),
    ],
)
def test_cached_tokens_must_not_exceed_the_prompt(more, word):
    exchange = with_usage(counters(3, 4, 7, **more))

    assert verdict_on(cached_within_prompt, exchange).word == word
