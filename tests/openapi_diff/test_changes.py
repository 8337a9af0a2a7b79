"""The changes of an operation, and whether they break a client."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from contract.openapi_diff.changes import changes
from contract.openapi_diff.document import adopt, parse

ROOT = Path(__file__).resolve().parents[2]
VLLM = ROOT / "fixtures" / "openapi" / "vllm-0.32.0.json"
CHAT = {
    "type": "object",
    "required": ["messages"],
    "properties": {
        "messages": {"type": "array", "items": {"type": "string"}},
        "temperature": {"type": "number", "maximum": 2},
        "effort": {"enum": ["low", "high"]},
    },
}
ANSWER = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "reasoning": {"type": "string"}},
}
OPERATION = {
    "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
    "requestBody": {"content": {"application/json": {"schema": CHAT}}},
    "responses": {
        "200": {
            "content": {"application/json": {"schema": ANSWER}},
            "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
        },
        "404": {},
    },
}


def document(operation, path="/v1/chat", **others):
    return adopt(
        "x", {"openapi": "3.1.0", "paths": {path: {"post": operation}}} | others
    )


def edited(*path_and_value):
    """The operation with one value replaced; None removes it."""
    *path, last, value = path_and_value
    operation = copy.deepcopy(OPERATION)
    node = operation
    for part in path:
        node = node[part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return operation


BODY = ("requestBody", "content", "application/json", "schema")
REPLY = ("responses", "200", "content", "application/json", "schema")
# What is edited, the change as a sentence without its operation, and the change back.
EDITS = [
    (
        (*BODY, "required", []),
        "compatible request.messages: is optional, was required",
        "breaking request.messages: is required, was optional",
    ),
    (
        (*BODY, "properties", "temperature", "maximum", 1),
        "breaking request.temperature: the maximum is 1, was 2",
        "compatible request.temperature: the maximum is 2, was 1",
    ),
    (
        (*BODY, "properties", "effort", {"enum": ["low"]}),
        'breaking request.effort: no longer accepts "high"',
        'compatible request.effort: accepts "high" too',
    ),
    (
        (*BODY, "properties", "effort", None),
        "breaking request.effort: is gone",
        "compatible request.effort: is new",
    ),
    (
        (*BODY, "additionalProperties", False),
        "breaking request: no longer accepts other properties",
        "compatible request: accepts other properties too",
    ),
    (
        ("requestBody", "required", True),
        "breaking request: a body is required, was optional",
        "compatible request: a body is optional, was required",
    ),
    (
        ("requestBody", None),
        "breaking request: the body is gone",
        "compatible request: a body is new",
    ),
    (
        (*REPLY, "properties", "reasoning", None),
        "breaking response 200.reasoning: is gone",
        "compatible response 200.reasoning: is new",
    ),
    (
        (*REPLY, "properties", "id", {"type": ["string", "null"]}),
        "breaking response 200.id: may be null, which is new",
        "compatible response 200.id: is no longer null",
    ),
    (
        (*REPLY, "required", []),
        "breaking response 200.id: is optional, was always present",
        "compatible response 200.id: is always present, was optional",
    ),
    (
        ("responses", "200", None),
        "breaking response 200: is gone",
        "breaking response 200: is new",
    ),
    (
        ("responses", "404", None),
        "compatible response 404: is gone",
        "compatible response 404: is new",
    ),
    (
        ("responses", "200", "headers", {}),
        "breaking response 200 header x-request-id: is gone",
        "compatible response 200 header x-request-id: is new",
    ),
    (
        ("responses", "200", "content", "text/event-stream", {}),
        "compatible response 200: text/event-stream is new",
        "breaking response 200: text/event-stream is gone",
    ),
    (
        ("parameters", []),
        "breaking query parameter limit: is gone",
        "compatible query parameter limit: is new",
    ),
    (
        ("parameters", 0, "required", True),
        "breaking query parameter limit: is required, was optional",
        "compatible query parameter limit: is optional, was required",
    ),
    (
        ("parameters", 0, "schema", {"type": "string"}),
        "breaking query parameter limit: no longer accepts an integer",
        "breaking query parameter limit: no longer accepts a string",
    ),
    (
        ("parameters", 0, "explode", False),
        "breaking query parameter limit: the explode is False, was True",
        "breaking query parameter limit: the explode is True, was False",
    ),
]


def messages(found):
    return [
        f"{'breaking' if c.breaking else 'compatible'} {c.place}: {c.message}"
        for c in found
    ]


@pytest.mark.parametrize(("edit", "there", "back"), EDITS)
def test_each_edit_is_one_change_in_each_direction(edit, there, back):
    old, new = document(OPERATION), document(edited(*edit))

    assert there == messages(changes(old, new))[0]
    assert back == messages(changes(new, old))[0]
    assert [] == messages(changes(new, new))


def test_access_breaks_only_where_what_was_enough_no_longer_is():
    schemes = {
        "securitySchemes": {
            "key": {"type": "http", "scheme": "bearer"},
            "other": {"type": "http", "scheme": "Bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
        }
    }

    def secured(*alternatives):
        return document(edited("security", list(alternatives)), components=schemes)

    key, other, header = {"key": []}, {"other": []}, {"header": []}

    assert [] == messages(changes(secured(key), secured(other)))
    assert ["breaking security: no key is no longer enough; it takes key"] == messages(
        changes(document(OPERATION), secured(key))
    )
    assert ["compatible security: no key is enough; before, it took key"] == messages(
        changes(secured(key), document(OPERATION))
    )
    assert ["compatible security: header is enough; before, it took key"] == messages(
        changes(secured(key), secured(key, header))
    )


def test_names_of_parameters_in_paths_and_servers_make_no_difference():
    old = document({}, "/v1/models/{model}")
    new = document({}, "/models/{id}", servers=[{"url": "https://llm.test/v1"}])

    assert () == changes(old, new)


def test_an_operation_that_is_gone_breaks_and_a_new_one_does_not():
    old, new = document({}, "/a"), document({}, "/b")

    assert [
        "breaking : the operation is gone",
        "compatible : the operation is new",
    ] == (messages(changes(old, new)))
    assert str(changes(old, new)[0]) == "POST /a: the operation is gone."


def test_select_leaves_the_other_paths_out():
    old, new = document({}, "/a"), document({}, "/b")

    assert ["/b"] == [c.operation.split()[1] for c in changes(old, new, ["/b*"])]
    with pytest.raises(UsageError, match=r"No path matches '/c'.*/a, /b"):
        changes(old, new, ["/c"])


def test_a_status_may_be_described_by_a_range_or_the_default():
    old = document({"responses": {"200": {}, "400": {}}})

    ranges = document({"responses": {"2XX": {}, "default": {}}})

    assert [] == [c for c in changes(ranges, old) if c.breaking]
    assert ["breaking response 2XX: is new", "compatible response default: is new"] == (
        messages(changes(old, ranges))
    )


def test_a_type_may_be_accepted_by_a_range():
    def with_type(name):
        return document({"requestBody": {"content": {name: {}}}})

    old = with_type("application/json; charset=utf-8")

    assert () == changes(old, with_type("Application/JSON"))
    assert not any(c.breaking for c in changes(old, with_type("application/*")))


def test_the_document_of_a_real_engine_does_not_differ_from_itself():
    content = VLLM.read_bytes()

    assert () == changes(parse("a", content), parse("b", content))


def test_a_renamed_field_of_a_real_engine_is_gone_and_new():
    content = VLLM.read_bytes()
    renamed = content.replace(b'"reasoning_effort"', b'"thinking_effort"')
    found = changes(parse("a", content), parse("b", renamed))

    assert messages(found) == [
        "breaking request.reasoning_effort: is gone",
        "compatible request.thinking_effort: is new",
    ]


def drop_and_change(value, draw):
    """Return a document in which a value somewhere is another one."""
    node = value
    while isinstance(node, dict | list) and node:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = keys[draw(st.integers(0, len(keys) - 1))]
        if not isinstance(node[key], dict | list) or draw(st.integers(0, 9)) == 0:
            node[key] = draw(st.sampled_from([None, 7, "x", [], {}, ["x"], True]))
            break
        node = node[key]
    return value


@given(st.data())
def test_no_document_is_too_odd_to_compare(data):
    value = json.loads(VLLM.read_bytes())
    old = adopt("old", copy.deepcopy(value))
    odd = drop_and_change(value, data.draw)
    try:
        new = adopt("new", odd)
    except UsageError:
        return
    for one, other in ((old, new), (new, old), (new, new)):
        for change in changes(one, other):
            assert change.message
            assert change.operation


def test_the_steps_of_all_operations_together_are_bounded(monkeypatch):
    old, new = document(OPERATION), document(edited(*BODY, "required", ["effort"]))
    whole = messages(changes(old, new))
    monkeypatch.setattr("contract.openapi_diff.changes.MOST_STEPS_IN_ALL", 1)

    assert any("request.effort: is required" in one for one in whole)
    assert any("too large to be compared" in one for one in messages(changes(old, new)))
