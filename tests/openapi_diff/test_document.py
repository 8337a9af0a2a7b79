"""Any content is an OpenAPI document or one sentence that says why it is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from contract.openapi_diff.document import (
    MISSING,
    MOST_BYTES,
    members,
    operations,
    parse,
    resolve,
)

BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
)
HEAD = "openapi: 3.1.0\npaths: {}\n"


def test_json_and_yaml_are_read_alike():
    value = {"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {}}}}}}
    yaml = "openapi: 3.1.0\npaths: {/a: {get: {responses: {200: {}}}}}\n"

    assert parse("a", json.dumps(value).encode()).root == value
    assert parse("b", yaml.encode()).root == value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not an OpenAPI document"),
        (b"[]", "not an OpenAPI document"),
        (b"{}", "not OpenAPI 3"),
        (b"swagger: '2.0'", "Swagger 2"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{" * 100_000, "neither JSON nor YAML"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"a: [1", "neither JSON nor YAML (line 2)"),
        (b"openapi: !!python/object:os.system {}", "neither JSON nor YAML"),
        (b'{"openapi": ' + b"9" * 5_000 + b"}", "cannot be read"),
        (HEAD.encode() + b"x: &a [*a]", "contains itself"),
        (HEAD.encode() + b"x: " + b"[" * 150 + b"]" * 150, "nested too deeply"),
        (b" " * (MOST_BYTES + 1), "larger than 16 MiB"),
    ],
)
def test_what_is_no_document_is_a_sentence(content, words):
    with pytest.raises(UsageError) as raised:
        parse("the file", content)

    assert words in str(raised.value)
    assert str(raised.value).startswith("the file ")
    assert "\n" not in str(raised.value)


def test_shared_values_are_copied_once():
    assert len(parse("bomb", (HEAD + BOMB).encode()).root["a39"]) == 9


@given(st.binary(max_size=60))
def test_no_content_raises_anything_else(content):
    try:
        document = parse("x", HEAD.encode() + content)
    except UsageError:
        return
    assert operations(document) is not None


def test_a_reference_is_resolved_in_its_document_and_nowhere_else():
    parts = {"a/b": {"x": [{"y": 1}]}, "loop": {"$ref": "#/components/loop"}}
    document = parse(
        "a", json.dumps({"openapi": "3.1.0", "components": parts}).encode()
    )

    assert document.at("#/components/a~1b/x/0/y") == 1
    assert document.at("#/components/nothing") is MISSING
    assert document.at("#/components/a~1b/x/7") is MISSING
    assert document.at("https://example.test/openapi.json#/a") is MISSING
    assert resolve(document.root["components"]["loop"]) == {}


def test_schemas_of_3_0_are_read_as_those_of_3_1():
    schema = {"type": "string", "nullable": True}
    bound = {"minimum": 0, "exclusiveMinimum": True, "exclusiveMaximum": False}
    value = {"openapi": "3.0.3", "components": {"schemas": {"A": schema, "B": bound}}}
    schemas = parse("a", json.dumps(value).encode()).root["components"]["schemas"]

    assert schemas["A"]["type"] == ["string", "null"]
    assert schemas["B"] == {"exclusiveMinimum": 0}


def test_operations_have_what_their_path_and_document_say():
    shared = {"name": "id", "in": "path"}
    value = {
        "openapi": "3.1.0",
        "servers": [{"url": "https://llm.test/v1/"}],
        "security": [{"key": []}],
        "paths": {
            "/models/{id}": {"parameters": [shared], "get": {}, "summary": "A"},
            "/chat": {"post": {"security": []}},
        },
    }
    found = operations(parse("a", json.dumps(value).encode()))

    assert list(found) == [("/v1/models/{id}", "get"), ("/v1/chat", "post")]
    assert found["/v1/models/{id}", "get"]["parameters"] == [shared]
    assert found["/v1/models/{id}", "get"]["security"] == [{"key": []}]
    assert found["/v1/chat", "post"]["security"] == []


def test_what_is_no_object_has_no_members():
    assert members(["a"]) == {}
    assert members({"a": 1}) == {"a": 1}
