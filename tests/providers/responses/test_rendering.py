from __future__ import annotations

import json

from hypothesis import given

from contract.catalog.profiles import builtin
from contract.providers.responses.rendering import Echo, Renderer, render
from contract.testing.strategies import json_values

ECHO = Echo({"tools": [], "temperature": None})
HEAD = {
    "id": "resp_a1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
}


def chunk(delta, finish=None, **members):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**HEAD, "choices": [choice], **members}


def events_of(*deltas, finish="stop", body=None):
    renderer = Renderer(body, ECHO)
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    chunks = [chunk({"role": "assistant", "content": ""}), *map(chunk, deltas)]
    chunks.append(chunk({}, finish, usage=usage))
    return [event for one in chunks for event in renderer(one)]


def test_a_stream_opens_and_closes_each_item():
    events = events_of({"reasoning": "hm"}, {"content": "4"}, {"content": "2"})

    names = [name.removeprefix("response.") for name, _ in events]
    assert names == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for _, event in events] == [*range(len(events))]
    last = events[-1][1]["response"]
    assert last["usage"]["input_tokens"] == 3
    assert [item["type"] for item in last["output"]] == ["reasoning", "message"]


def test_a_cut_stream_is_incomplete():
    name, event = events_of({"content": "4"}, finish="length")[-1]

    assert name == "response.incomplete"
    assert event["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert event["response"]["output"][-1]["status"] == "incomplete"


def test_the_fragments_of_a_call_are_its_arguments():
    first = {"index": 0, "id": "abcdefghi", "function": {"name": "f", "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": part}} for part in ("{", "}")]

    events = events_of(*({"tool_calls": [one]} for one in (first, *rest)))

    done = [e for name, e in events if name.endswith("arguments.done")]
    assert [(one["name"], one["arguments"]) for one in done] == [("f", "{}")]
    (item,) = events[-1][1]["response"]["output"]
    assert (item["call_id"], item["arguments"]) == ("abcdefghi", "{}")


def test_the_request_is_repeated():
    events = events_of({"content": "4"}, body={"temperature": 0.5})

    assert events[0][1]["response"]["temperature"] == 0.5
    assert events[0][1]["response"]["tools"] == []


def test_an_error_in_a_stream_is_an_error_event():
    ((name, event),) = Renderer(None, ECHO)({"error": {"message": "no", "code": 500}})

    assert (name, event["message"], event["code"]) == ("error", "no", "500")


def test_unknown_members_of_a_chunk_are_in_its_events():
    renderer = Renderer(None, ECHO)
    one = chunk({"role": "assistant", "content": "4"}, x_debug=7, type="x")

    events = [event for _, event in renderer(one)]

    assert {7} == {event["x_debug"] for event in events}
    assert events[0]["type"] == "response.created"


def test_an_error_body_stays_as_it_is():
    for value in ({"error": {"message": "no"}}, {"object": "error"}, [], "text"):
        assert render(value, None, ECHO) == value


def test_a_whole_response_has_the_items_of_its_stream():
    dialect = builtin()["vllm-responses"].dialect
    message = {"role": "assistant", "reasoning": "hm", "content": "42"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = {**HEAD, "object": "chat.completion", "choices": [choice]}

    output = dialect.surface.render(whole, None)["output"]

    streamed = events_of({"reasoning": "hm"}, {"content": "42"})[-1][1]["response"][
        "output"
    ]
    assert output == streamed


@given(json_values)
def test_no_value_makes_it_raise(value):
    json.dumps(render(value, value, ECHO))
    choices = [{"message": value, "finish_reason": value, "delta": value}]
    render({"object": "chat.completion", "choices": choices}, None, ECHO)
    render({"choices": value, "usage": value}, None, ECHO)
    renderer = Renderer(value, ECHO)
    for one in (value, {"choices": value}, {"choices": choices}, {"error": value}):
        list(renderer(one))
    members = {"content": value, "tool_calls": value, "reasoning": value}
    list(renderer(chunk({"role": "assistant", **members})))
