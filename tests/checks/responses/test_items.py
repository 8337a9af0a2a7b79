from __future__ import annotations

import pytest

from contract.checks.responses.items import (
    deltas_add_up,
    final_output_matches,
    item_ids_differ,
    items_are_done,
    items_are_whole,
    items_open_and_close,
)
from contract.model.check import NotApplicable

OF_STREAMS = (items_open_and_close, deltas_add_up, final_output_matches)
OF_ANSWERS = (items_are_whole, item_ids_differ, items_are_done)


def found(check, *exchanges):
    return [finding.message for finding in check.judge(*exchanges)]


def test_a_whole_stream_passes(streamed, events):
    for check in (*OF_STREAMS, *OF_ANSWERS):
        assert found(check, streamed(events)) == []


def test_a_whole_response_passes(whole, response):
    for check in OF_ANSWERS:
        assert found(check, whole(response)) == []


def test_items_of_unknown_types_and_nulls_pass(whole, response):
    response["output"] += [{"type": "hologram"}, {"type": "hologram", "id": None}]
    response["output"][0]["status"] = None
    response["output"][0]["encrypted_content"] = None

    for check in OF_ANSWERS:
        assert found(check, whole(response)) == []


@pytest.mark.parametrize("name", ["id", "role", "content"])
def test_a_message_without_a_member_is_found(whole, response, name):
    del response["output"][1][name]

    assert found(items_are_whole, whole(response)) == [f"an item has no {name}"]


def test_a_call_needs_no_id_but_a_call_id(whole, response):
    call = {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "a"}

    assert found(items_are_whole, whole({**response, "output": [call]})) == []
    del call["call_id"]
    assert found(items_are_whole, whole({**response, "output": [call]})) == [
        "an item has no call_id"
    ]


def test_an_id_of_two_items_is_found(whole, response):
    response["output"][1]["id"] = "rs_1"

    assert found(item_ids_differ, whole(response)) == ["two items have the same id"]


def test_an_item_in_progress_is_found(whole, response):
    response["output"][1]["status"] = "in_progress"

    assert len(found(items_are_done, whole(response))) == 1


def test_the_items_of_an_incomplete_response_are_not_judged(whole, response):
    response["output"][1]["status"] = "incomplete"

    with pytest.raises(NotApplicable):
        found(items_are_done, whole({**response, "status": "incomplete"}))


def test_a_response_without_items_is_not_judged(whole, response):
    for check in OF_ANSWERS:
        with pytest.raises(NotApplicable):
            found(check, whole({**response, "output": []}))


@pytest.mark.parametrize(
    ("number", "change", "message"),
    [
        (3, {"item_id": "rs_9"}, "an event belongs to an item that was not added"),
        (3, {"output_index": 5}, "an event has another output_index than its item"),
        (6, {"output_index": 5}, "an item is done at another output_index"),
    ],
)
def test_an_event_that_does_not_belong_is_found(
    streamed, events, number, change, message
):
    events[number].update(change)

    assert found(items_open_and_close, streamed(events)) == [message]


def test_an_item_that_is_never_done_is_found(streamed, events):
    left = [e for e in events if e["type"] != "response.output_item.done"]

    assert found(items_open_and_close, streamed(left)) == ["an item is never done"]


def test_events_of_an_item_that_is_done_are_found(streamed, events):
    late = [*events[:7], events[3], *events[7:]]

    assert found(items_open_and_close, streamed(late)) == [
        "an event belongs to an item that is done"
    ]


def test_items_that_are_done_late_pass(streamed, events):
    """llama.cpp sends the ends of all items at the end of the stream."""
    done = [e for e in events if e["type"] == "response.output_item.done"]
    rest = [e for e in events[:-1] if e["type"] != "response.output_item.done"]

    for check in OF_STREAMS:
        assert found(check, streamed([*rest, *done, events[-1]])) == []


def test_a_text_that_is_not_its_deltas_is_found(streamed, events):
    events[5]["text"] = "h"

    assert len(found(deltas_add_up, streamed(events))) == 1


def test_an_item_without_deltas_passes(streamed, events):
    kept = [e for e in events if "delta" not in e and "text" not in e]

    assert found(final_output_matches, streamed(kept)) == []
    with pytest.raises(NotApplicable):
        found(deltas_add_up, streamed(kept))


def test_another_output_at_the_end_is_found(streamed, events):
    events[-1]["response"]["output"] = []

    assert len(found(final_output_matches, streamed(events))) == 1


def test_a_text_in_a_part_of_another_type_is_found(whole, response):
    (part,) = response["output"][1]["content"]
    part["type"] = "text"

    assert found(items_are_whole, whole(response)) == [
        "the text of an item is in a part of another type"
    ]


def test_a_part_of_an_unknown_type_beside_the_text_passes(whole, response):
    response["output"][1]["content"].append({"type": "hologram", "text": "42"})

    assert found(items_are_whole, whole(response)) == []


def test_a_part_that_is_done_without_its_text_is_found(streamed, events):
    place = next(n for n, e in enumerate(events) if e["type"].endswith("_text.done"))
    part = {"type": "reasoning_text", "text": ""}
    done = {**events[place], "type": "response.content_part.done", "part": part}
    events.insert(place + 1, done)

    assert found(deltas_add_up, streamed(events)) == [
        "the deltas are not the text of what is done"
    ]
    part["text"] = "hm"
    assert found(deltas_add_up, streamed(events)) == []
