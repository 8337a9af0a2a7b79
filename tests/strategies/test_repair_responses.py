"""Bodies of `/v1/responses` that match the schema are repaired, and then answered."""

from __future__ import annotations

import json

import pytest
from support.each import each

from contract.catalog.providers import dialects
from contract.mock_server.provider import MockProvider
from contract.model.chat import RESPONSES
from contract.model.wire import Request
from contract.schema import openapi
from contract.strategies.repair_responses import mended

DIALECTS = {key: one for key, one in dialects().items() if one.path == RESPONSES}
MODEL = "magistral-small-2509"
PICTURE = {"type": "input_image", "image_url": "https://example.org/a.png"}
FILE = {"type": "input_file", "file_data": "x"}
CALL = {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "9", "output": "3"}
USER = {"role": "user", "content": "a"}
BODIES = {
    "nothing": {"input": ""},
    "no items": {"input": []},
    "assistant first": {"input": [{"role": "assistant", "content": "Hello."}]},
    "output alone": {"input": [OUTPUT]},
    "system last": {"input": [USER, {"role": "system", "content": "x"}]},
    "pictures": {"input": [{"role": "user", "content": [PICTURE, FILE] * 9}]},
    "two calls": {"input": [USER, CALL, CALL, OUTPUT, USER]},
    "reasoning": {"input": [USER, {"type": "reasoning", "summary": []}]},
    "answers": {"input": [USER, {"role": "assistant", "content": "b"}] * 2},
    "stored": {"input": "a", "previous_response_id": "r", "background": True},
    "no room": {"input": "a", "max_output_tokens": 0},
    "other tool": {"input": "a", "tool_choice": {"type": "function", "name": "f"}},
    "tools": {"input": "a", "tools": [{"type": "function", "name": ""}] * 2},
    "schema": {
        "input": "a",
        "text": {"format": {"type": "json_schema", "name": "", "schema": {"a": 1}}},
    },
    "effort": {"input": "a", "reasoning": {"effort": "minimal"}},
}


@each("id", DIALECTS)
@each("name", BODIES)
def test_a_repaired_body_is_answered(id, name):
    dialect = DIALECTS[id]
    body = mended(BODIES[name], MODEL)
    headers = (("content-type", "application/json"),)
    request = Request("POST", RESPONSES, headers, json.dumps(body).encode())

    reply = MockProvider(dialect).reply(request, 0)

    assert reply.status == 200, reply.body
    assert openapi.accepts(dialect.prefix + "ChatRequest", body)


def test_valid_members_stay():
    body = {
        "model": MODEL,
        "input": "Hello.",
        "temperature": 1.5,
        "max_output_tokens": 3,
        "reasoning": {"effort": "high"},
    }

    assert mended(body, MODEL) == body


@pytest.mark.parametrize("value", [None, 3, "text", []])
def test_other_values_than_objects_stay(value):
    assert mended(value, MODEL) == value
