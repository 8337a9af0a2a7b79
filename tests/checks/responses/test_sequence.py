from __future__ import annotations

import pytest

from contract.checks.responses.sequence import (
    begins_with_created,
    ends_once,
    sequence_counts_up,
    types_agree,
)
from contract.model.check import NotApplicable


def found(check, exchange):
    return [finding.message for finding in check.judge(exchange)]


def test_a_whole_stream_passes(streamed, events):
    for check in (begins_with_created, ends_once, sequence_counts_up, types_agree):
        assert found(check, streamed(events)) == []


def test_events_of_unknown_types_pass(streamed, events):
    alien = {"type": "response.hologram.delta", "delta": "x", "sequence_number": 3}
    for event in events[3:]:
        event["sequence_number"] += 1
    more = [*events[:3], alien, *events[3:]]

    for check in (begins_with_created, ends_once, sequence_counts_up, types_agree):
        assert found(check, streamed(more)) == []


def test_another_first_event_is_found(streamed, events):
    assert found(begins_with_created, streamed(events[1:])) == [
        "the stream begins with another event"
    ]


def test_a_response_that_is_created_as_done_is_found(streamed, events):
    events[0]["response"]["status"] = "completed"

    assert found(begins_with_created, streamed(events)) == [
        "the response that is created is not in progress"
    ]


def test_a_missing_end_is_found(streamed, events):
    assert found(ends_once, streamed(events[:-1])) == ["the stream has no last event"]


def test_an_event_after_the_end_is_found(streamed, events):
    assert found(ends_once, streamed([*events, events[3]])) == [
        "there are events after the end of the response"
    ]


@pytest.mark.parametrize("number", [None, "3", 2, 9, True])
def test_a_number_that_is_not_the_next_is_found(streamed, events, number):
    events[3]["sequence_number"] = number

    assert len(found(sequence_counts_up, streamed(events))) == 1


def test_two_types_are_found(streamed, events):
    assert found(types_agree, streamed(events, typed=lambda _: "response.done")) == [
        "an event is of two types"
    ]


def test_types_in_the_data_alone_are_not_judged(streamed, events):
    with pytest.raises(NotApplicable):
        found(types_agree, streamed(events, typed=lambda _: ""))


def test_a_stream_without_types_is_not_judged(streamed):
    for check in (begins_with_created, ends_once, sequence_counts_up, types_agree):
        with pytest.raises(NotApplicable):
            found(check, streamed([{"error": {"message": "no"}}]))
