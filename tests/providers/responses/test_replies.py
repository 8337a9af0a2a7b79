from __future__ import annotations

import pytest
from hypothesis import given

from contract.providers.responses.replies import Reader, read
from contract.testing.strategies import json_values

ITEM = {"type": "message", "id": "msg_1", "role": "assistant"}
TEXT = {**ITEM, "content": [{"type": "output_text", "text": "42"}]}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "abcdefghi",
    "name": "f",
    "arguments": "{}",
}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "content": [{"type": "reasoning_text", "text": "hm"}],
}


def response(*output, **members):
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": [*output],
        **members,
    }


def chunks(*events):
    read_event = Reader()
    read = [read_event(event) for event in events]
    return [chunk for chunk in read if chunk is not None]


def deltas(*events):
    return [chunk["choices"][0]["delta"] for chunk in chunks(*events)]


def test_a_response_is_a_completion():
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}

    chat = read(response(THOUGHT, TEXT, usage=usage))

    (choice,) = chat["choices"]
    assert choice["message"] == {
        "role": "assistant",
        "content": "42",
        "reasoning": "hm",
    }
    assert choice["finish_reason"] == "stop"
    assert chat["usage"]["prompt_tokens"] == 3
    assert (chat["object"], chat["created"]) == ("chat.completion", 1)


def test_a_call_finishes_as_one():
    (choice,) = read(response(CALL))["choices"]

    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert (call["id"], call["function"]["name"]) == ("abcdefghi", "f")


def test_a_cut_response_finishes_with_length():
    details = {"reason": "max_output_tokens"}
    cut = response(TEXT, status="incomplete", incomplete_details=details)

    assert read(cut)["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("status", ["in_progress", "queued"])
def test_a_response_that_only_began_has_no_choice(status):
    assert read(response(status=status))["choices"] == []
    assert len(read(response(TEXT, status=status))["choices"]) == 1


def test_a_response_that_ended_without_items_has_an_empty_choice():
    for status in ("completed", "incomplete"):
        (choice,) = read(response(status=status))["choices"]
        assert choice["message"]["content"] is None


def test_items_and_parts_of_unknown_types_and_nulls_are_passed_over():
    alien = {"type": "hologram", "id": "h_1", "content": None}
    part = {**ITEM, "content": [{"type": "alien"}, *TEXT["content"], None]}

    assert read(response(alien, part))["choices"][0]["message"]["content"] == "42"


def test_reasoning_after_the_text_keeps_its_place():
    content = read(response(TEXT, THOUGHT))["choices"][0]["message"]["content"]

    assert [part["type"] for part in content] == ["text", "thinking"]


def test_a_summary_stands_for_reasoning_without_text():
    summary = [{"type": "summary_text", "text": "in short"}]
    item = {"type": "reasoning", "id": "rs_1", "summary": summary}

    assert read(response(item))["choices"][0]["message"]["reasoning"] == "in short"


def test_a_failed_response_is_an_error():
    failed = response(status="failed", error={"code": "server_error", "message": "no"})

    assert read(failed) == {"error": {"code": "server_error", "message": "no"}}
    event = {"type": "response.failed", "response": failed}
    assert chunks(event)[0]["error"]["message"] == "no"


def test_an_error_event_is_an_error():
    (chunk,) = chunks({"type": "error", "code": "x", "message": "no", "param": None})

    assert chunk["error"]["message"] == "no"


def test_other_json_stays_as_it_is():
    for value in ({"error": {"message": "no"}}, {"object": "list"}, [], None):
        assert read(value) == value


def test_events_of_unknown_types_say_nothing():
    assert chunks({"type": "response.hologram.delta", "delta": "x"}) == []


def test_an_event_without_a_type_is_what_it_is():
    assert chunks({"error": {"message": "no"}}) == [{"error": {"message": "no"}}]


def test_deltas_are_those_of_a_chat():
    added = {"type": "response.output_item.added", "item": {**CALL, "arguments": ""}}
    kind = "response.function_call_arguments.delta"
    fragment = {"type": kind, "item_id": "fc_1", "delta": "{}"}

    first, second = deltas(added, fragment)

    assert first["tool_calls"][0]["id"] == "abcdefghi"
    assert second["tool_calls"][0]["function"] == {"arguments": "{}"}


def test_an_item_without_deltas_is_read_where_it_is_done():
    done = {"type": "response.output_item.done", "item": TEXT}

    assert deltas(done) == [{"content": "42"}]


def test_an_item_with_deltas_is_read_once():
    added = {"type": "response.output_item.added", "item": ITEM}
    delta = {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "42"}
    done = {"type": "response.output_item.done", "item": TEXT}

    assert deltas(added, delta, done) == [{"content": "42"}]


def test_an_event_of_another_response_has_another_id():
    created = {"type": "response.created", "response": response()}
    added = {"type": "response.output_item.added", "item": ITEM}
    stray = {"type": "response.output_text.delta", "item_id": "msg_9", "delta": "x"}

    first, second = chunks(created, added, stray)

    assert (first["id"], second["id"]) == ("resp_1", "msg_9")


@given(json_values)
def test_no_value_makes_it_raise(value):
    read(value)
    read(response(value))
    read({**response(), "output": value, "usage": value, "status": "incomplete"})
    read_event = Reader()
    for kind in (
        *("created", "completed", "failed", "in_progress", "output_item.added"),
        *("output_item.done", "output_text.delta", "function_call_arguments.delta"),
    ):
        event = {"type": f"response.{kind}", "response": value, "item": value}
        read_event({**event, "delta": value, "item_id": value, "logprobs": value})
