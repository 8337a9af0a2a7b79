from __future__ import annotations

import pytest

from contract.checks.streaming import (
    ending,
    finish,
    usage,
)
from contract.model.check import NotApplicable
from contract.model.exchange import (
    DONE,
    End,
)


@pytest.mark.parametrize(
    "check",
    [
        ending.completes,
        ending.ends_with_done,
        ending.nothing_after_done,
        finish.finishes_once,
        finish.finish_reason_is_known,
        finish.finish_is_last,
        usage.usage_comes_once,
    ],
    ids=lambda check: check.id,
)
def test_good_stream_ends_well(check, stream, good):
    assert [] == list(check.judge(stream(good)))


def test_a_whole_answer_in_place_of_a_stream_is_no_complete_stream(stream, good):
    seen = stream(good, media_type="application/json")

    with pytest.raises(NotApplicable, match="not an event stream"):
        list(ending.completes.judge(seen))


@pytest.mark.parametrize("end", [End.RESET, End.TIMEOUT, End.TOO_LARGE])
def test_stream_that_breaks_off_is_found(end, stream, good):
    (found,) = ending.completes.judge(stream(good[:3], end=end))

    assert found.message == "the stream broke off"
    assert found.at == "event 3, +0.030 s"


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": "out of memory", "code": 500}},
        {"object": "error", "message": "out of memory"},
    ],
    ids=["nested", "flat"],
)
def test_error_in_the_stream_is_found(error, stream, good):
    (found,) = ending.completes.judge(stream((*good[:3], error, DONE)))

    assert found.message == "the stream reports an error"


def test_empty_stream_is_found(stream):
    (found,) = ending.completes.judge(stream([]))

    assert found.message == "the stream is empty"


@pytest.mark.parametrize("times", [0, 2, 3])
def test_one_done_is_the_right_number(times, stream, good):
    (found,) = ending.ends_with_done.judge(stream((*good[:-1], *[DONE] * times)))

    assert f"[DONE] {times} times" in found.actual


def test_dialect_without_done_needs_none(stream, good):
    with pytest.raises(NotApplicable):
        list(ending.ends_with_done.judge(stream(good[:-1], profile="transformers")))


def test_event_after_done_is_found(stream, good):
    (found,) = ending.nothing_after_done.judge(stream((*good, good[3])))

    assert found.message == "an event follows [DONE]"
    assert found.at == "event 8, +0.090 s"


def test_done_twice_is_one_fault_not_two(stream, good):
    assert [] == list(ending.nothing_after_done.judge(stream((*good, DONE))))


def test_without_done_nothing_can_follow_it(stream, good):
    with pytest.raises(NotApplicable):
        list(ending.nothing_after_done.judge(stream(good[:-1])))
