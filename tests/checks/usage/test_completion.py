"""What may be counted for a completion, and what must be."""

from dataclasses import replace

import pytest
from rehearsal import judged, recorded, told

from contract.catalog.profiles import builtin
from contract.checks.usage.completion import (
    TWO_CUT,
    capped_by_max_tokens,
    choices_are_summed,
    completion_includes_thinking,
    counts_reasoning,
)
from contract.model.probes import (
    CUT_WHOLE,
    SUM_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting

PROFILE = builtin()["vllm-0.32"]
COARSE = replace(PROFILE, offers=PROFILE.offers - {Capability.EXACT_TOKENS})


def counted(probe, profile=PROFILE, **counters):
    """The whole reply to *probe* with other counters."""
    reply = rewrite_usage(told(profile, probe), lambda usage: usage.update(counters))
    return rehearse(reply, probe, profile)


def test_the_good_count_is_thought_markers_answer_and_end():
    exchange = counted(SUM_WHOLE)
    said = counting.text(exchange.reasoning) + counting.text(exchange.answer)

    assert exchange.count("completion_tokens") == said + 3


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
        pytest.param(True, "skip", "skip", id="truth"),
    ],
)
def test_the_thought_is_counted(number, exact, coarse):
    for profile, word in ((PROFILE, exact), (COARSE, coarse)):
        exchange = counted(SUM_WHOLE, profile, completion_tokens=number)

        assert judged(completion_includes_thinking, exchange).word == word


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
def test_reasoning_tokens_are_those_of_the_thought(number, exact, coarse):
    details = {"reasoning_tokens": number}
    for profile, word in ((PROFILE, exact), (COARSE, coarse)):
        exchange = counted(SUM_WHOLE, profile, completion_tokens_details=details)

        assert judged(counts_reasoning, exchange).word == word


@pytest.mark.parametrize("number", [2, 4])
def test_a_cut_reply_counts_its_limit(number):
    assert judged(capped_by_max_tokens, counted(CUT_WHOLE)).word == "pass"
    wrong = counted(CUT_WHOLE, completion_tokens=number)
    assert judged(capped_by_max_tokens, wrong).word == "fail"


@pytest.mark.parametrize(("number", "word"), [(6, "pass"), (3, "fail"), (7, "fail")])
def test_two_cut_choices_count_twice_their_limit(number, word):
    exchange = counted(TWO_CUT, completion_tokens=number)

    assert judged(choices_are_summed, exchange).word == word


def test_a_reply_that_was_not_cut_tells_nothing_about_the_limit():
    assert judged(capped_by_max_tokens, counted(SUM_WHOLE)).word == "skip"
    assert judged(choices_are_summed, recorded("llamacpp-b11434/n2")).word == "skip"
