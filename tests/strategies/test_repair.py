"""Bodies that match the schema are repaired so that they are answered."""

from __future__ import annotations

import json

import pytest
from support.each import each

from contract.catalog.providers import dialects
from contract.mock_server.provider import MockProvider
from contract.model.wire import Request
from contract.schema import openapi
from contract.strategies.repair import mended

DIALECTS = dialects()
MODEL = "magistral-small-2509"
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CONVERSATIONS = {
    "nothing": [],
    "no role": [{"content": "Hello."}],
    "assistant first": [{"role": "assistant", "content": "Hello."}],
    "tool first": [{"role": "tool", "content": "3", "tool_call_id": "9"}],
    "system last": [
        {"role": "user", "content": ""},
        {"role": "system", "content": "x"},
    ],
    "picture": [{"role": "user", "content": [PICTURE] * 9}],
    "two calls": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [CALL, CALL]},
        {"role": "user", "content": "b"},
    ],
    "answers": [{"role": "user", "content": "a"}, {"role": "assistant"}] * 2,
}


def answered(dialect, body):
    raw = json.dumps(body).encode()
    headers = (("content-type", "application/json"),)
    return MockProvider(dialect).reply(Request("POST", dialect.path, headers, raw), 0)


@each("id", DIALECTS)
@each("name", CONVERSATIONS)
def test_repaired_conversation_is_answered(id, name):
    dialect = DIALECTS[id]
    body = mended({"messages": CONVERSATIONS[name], "tool_choice": "auto"}, MODEL)
    if dialect.surface is not None:
        body = dialect.surface.write(body)

    reply = answered(dialect, body)

    # One that answers texts only.
    refused = id == "vllm-0.32-rust" and name == "picture"
    assert (400 if refused else 200) == reply.status, reply.body
    assert openapi.accepts(dialect.prefix + "ChatRequest", body) is not refused


def test_digits_in_a_string_are_limited_too():
    body = mended({"messages": [], "max_tokens": "730938"}, MODEL)

    assert body["max_tokens"] == 64


def test_valid_members_stay():
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Hello."}],
        "temperature": 1.5,
        "max_tokens": 3,
    }

    assert body == mended(body, MODEL)


@pytest.mark.parametrize("value", [None, 3, "text", []])
def test_other_values_than_objects_stay(value):
    assert mended(value, MODEL) == value
