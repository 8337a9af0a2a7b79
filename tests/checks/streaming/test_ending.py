from __future__ import annotations

import pytest

from contract.checks.streaming import ending, finish, usage
from contract.model.check import NotApplicable
from contract.model.exchange import DONE, End


@pytest.mark.parametrize(
    "check",
    [
        ending.completes,
        ending.ends_with_done,
        ending.nothing_after_done,
        ending.closes_after_done,
        finish.finishes_once,
        finish.finish_reason_is_known,
        finish.finish_is_last,
        usage.usage_comes_once,
    ],
    ids=lambda check: check.id,
)
def test_a_conforming_stream_passes(check, stream, good):
    assert [] == list(check.judge(stream(good)))


def test_a_connection_left_open_is_found_by_its_own_check(stream, good):
    seen = stream(good, end=End.OPEN)
    (found,) = ending.closes_after_done.judge(seen)

    assert found.message == "the response does not end after [DONE]"
    assert found.at.startswith(f"event {len(seen.events) - 1}, ")
    assert [] == list(ending.completes.judge(seen))


def test_without_done_the_end_of_the_response_is_not_judged(stream, good):
    with pytest.raises(NotApplicable, match=r"no \[DONE\]"):
        list(ending.closes_after_done.judge(stream(good[:-1])))


def test_a_response_that_is_not_a_stream_is_not_judged(stream, good):
    seen = stream(good, media_type="application/json")

    with pytest.raises(NotApplicable, match="not an event stream"):
        list(ending.completes.judge(seen))


@pytest.mark.parametrize("end", [End.RESET, End.TIMEOUT, End.TOO_LARGE])
def test_a_stream_that_is_cut_off_is_found(end, stream, good):
    (found,) = ending.completes.judge(stream(good[:3], end=end))

    assert found.message == "the stream was cut off"
    assert found.at == "event 3, +0.030 s"


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": "out of memory", "code": 500}},
        {"object": "error", "message": "out of memory"},
    ],
    ids=["nested", "flat"],
)
def test_an_error_event_is_found(error, stream, good):
    (found,) = ending.completes.judge(stream((*good[:3], error, DONE)))

    assert found.message == "the stream contains an error"


def test_an_empty_stream_is_found(stream):
    (found,) = ending.completes.judge(stream([]))

    assert found.message == "the stream is empty"


@pytest.mark.parametrize("times", [0, 2, 3])
def test_any_number_of_done_other_than_one_is_found(times, stream, good):
    (found,) = ending.ends_with_done.judge(stream((*good[:-1], *[DONE] * times)))

    assert f"[DONE] {times} times" in found.actual


def test_a_dialect_without_done_is_not_judged(stream, good):
    with pytest.raises(NotApplicable):
        list(ending.ends_with_done.judge(stream(good[:-1], profile="transformers")))


def test_an_event_after_done_is_found(stream, good):
    (found,) = ending.nothing_after_done.judge(stream((*good, good[3])))

    assert found.message == "an event follows [DONE]"
    assert found.at == "event 8, +0.090 s"


def test_a_second_done_is_not_an_event_after_done(stream, good):
    assert [] == list(ending.nothing_after_done.judge(stream((*good, DONE))))


def test_a_stream_without_done_is_not_judged(stream, good):
    with pytest.raises(NotApplicable):
        list(ending.nothing_after_done.judge(stream(good[:-1])))
