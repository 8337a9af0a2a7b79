"""Token counters of a reply, and where a finding locates them."""

from __future__ import annotations

import pytest

from contract.checks.judging.usage import COUNTERS, require_counter, usage_location
from contract.model.check import NotApplicable
from contract.model.exchange import DONE
from contract.model.probes import SUM_WHOLE


def test_each_counter_of_a_stream_is_read(stream, good):
    found = stream(good)

    assert [3, 4, 7] == [require_counter(found, name) for name in COUNTERS]


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"prompt_tokens": 3.5}, {"prompt_tokens": True}, {"prompt_tokens": "3"}],
    ids=["none", "empty", "fraction", "boolean", "text"],
)
def test_a_counter_that_is_not_an_integer_is_not_applicable(usage, answer):
    body = {"choices": [], "usage": usage}

    with pytest.raises(NotApplicable, match="no integer prompt_tokens"):
        require_counter(answer(SUM_WHOLE, 200, body), "prompt_tokens")


def test_usage_of_a_body_is_a_pointer(answer):
    assert "/usage" == usage_location(answer(SUM_WHOLE, 200, {"usage": {}}))


def test_usage_of_a_stream_is_the_last_event_that_has_it(stream, good, chunk):
    early = chunk({}, usage={"prompt_tokens": 3})

    assert "event 6, +0.070 s, /usage" == usage_location(stream(good))
    assert "event 7, +0.080 s, /usage" == usage_location(stream([early, *good]))


def test_a_stream_without_usage_has_no_event_for_it(stream, good):
    assert "the whole stream" == usage_location(stream([*good[:6], DONE]))
