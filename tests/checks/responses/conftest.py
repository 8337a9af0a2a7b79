"""A stream of events of /v1/responses, and responses made by hand."""

from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.reply import JSON_TYPE, SSE_TYPE
from contract.model.wire import build_request

PROFILE = builtin()["mistral-responses"]


@pytest.fixture
def items():
    """The items of a complete response: reasoning and a message."""
    return [
        {
            "id": "rs_1",
            "type": "reasoning",
            "status": "completed",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "hm"}],
        },
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "42", "annotations": []}],
        },
    ]


@pytest.fixture
def response(items):
    """A complete response."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_758_186_000,
        "model": "m",
        "status": "completed",
        "output": items,
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    }


@pytest.fixture
def events(items, response):
    """The events that stream *response*."""
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    events = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": dict(begun)},
    ]
    for index, item in enumerate(items):
        kind = "reasoning_text" if item["type"] == "reasoning" else "output_text"
        text = item["content"][0]["text"]
        place = {"item_id": item["id"], "output_index": index, "content_index": 0}
        events += [
            {
                "type": "response.output_item.added",
                "output_index": index,
                "item": {**item, "status": "in_progress", "content": []},
            },
            *(
                {"type": f"response.{kind}.delta", **place, "delta": letter}
                for letter in text
            ),
            {"type": f"response.{kind}.done", **place, "text": text},
            {
                "type": "response.output_item.done",
                "output_index": index,
                "item": json.loads(json.dumps(item)),
            },
        ]
    events.append({"type": "response.completed", "response": response})
    return [{**event, "sequence_number": n} for n, event in enumerate(events)]


@pytest.fixture
def streamed():
    """`streamed(events, typed=…)` is the exchange of such a stream."""

    def streamed(events, typed=lambda event: event.get("type", "")):
        data = b""
        for event in events:
            if name := typed(event):
                data += f"event: {name}\n".encode()
            data += b"data: " + json.dumps(event).encode() + b"\n\n"
        return Exchange(
            probe=SUM,
            profile=PROFILE,
            request=build_request(SUM, PROFILE, "m"),
            status=200,
            headers=(SSE_TYPE,),
            arrivals=(Arrival(0.1, data),),
        )

    return streamed


@pytest.fixture
def whole():
    """`whole(response)` is the exchange of a response that is not streamed."""

    def whole(response, probe=SUM_WHOLE):
        return Exchange(
            probe=probe,
            profile=PROFILE,
            request=build_request(probe, PROFILE, "m"),
            status=200,
            headers=(JSON_TYPE,),
            arrivals=(Arrival(0.1, json.dumps(response).encode()),),
        )

    return whole
