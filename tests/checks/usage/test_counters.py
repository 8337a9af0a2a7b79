"""Counters that are there, whole, and agree."""

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.usage.counters import (
    cached_within_prompt,
    counts_are_natural,
    present,
    present_in_stream,
    streamed_equals_whole,
    sums_up,
)
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.reply import rehearse

PROFILE = builtin()["llamacpp"]


def used(usage, probe=SUM_WHOLE):
    """The reply to *probe* with that usage, or none."""

    def change(value):
        if "usage" in value:
            value["usage"] = usage
        return value

    return rehearse(told(PROFILE, probe).change(change), probe, PROFILE)


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
def test_counters_are_complete_natural_and_sum_up(
    probe, usage, complete, natural, summed
):
    exchange = used(usage, probe)

    assert judged(present_in_stream if probe.stream else present, exchange).word == (
        complete
    )
    assert judged(counts_are_natural, exchange).word == natural
    assert judged(sums_up, exchange).word == summed


@pytest.mark.parametrize(("prompt", "word"), [(3, "pass"), (4, "fail"), (None, "skip")])
def test_a_stream_counts_the_prompt_as_the_whole_reply_does(prompt, word):
    pair = used(counters(prompt, 4, 7), SUM), used(counters(3, 9, 12))

    assert judged(streamed_equals_whole, *pair).word == word


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
def test_the_cache_holds_no_more_than_the_prompt(more, word):
    exchange = used(counters(3, 4, 7, **more))

    assert judged(cached_within_prompt, exchange).word == word
