"""Tests of generated values: they satisfy their schema, and nothing is fetched."""

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.mock_server.instance import UnsatisfiableError, instance

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "required": ["value", "next"],
            "properties": {
                "value": {"type": "integer", "minimum": 10},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
        }
    },
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param(
            {
                "type": "object",
                "properties": {
                    "answer": {"type": "integer"},
                    "why": {"type": "string"},
                },
                "required": ["answer", "why"],
                "additionalProperties": False,
            },
            {"answer": 1, "why": ""},
            id="object",
        ),
        pytest.param(
            {"properties": {"city": {"type": "string"}}}, {"city": "Rome"}, id="hint"
        ),
        pytest.param({"type": "object", "required": []}, {}, id="nothing-is-required"),
        pytest.param(
            {
                "type": "array",
                "items": {"minimum": 5},
                "minItems": 3,
                "uniqueItems": True,
            },
            [5, 6, 7],
            id="unique-items",
        ),
        pytest.param(
            {"prefixItems": [{"const": "a"}, {"type": "boolean"}], "minItems": 2},
            ["a", True],
            id="tuple",
        ),
        pytest.param({"enum": ["x", "y"]}, "x", id="enum"),
        pytest.param({"const": None}, None, id="const"),
        pytest.param({"type": ["null", "string"], "minLength": 3}, "aaa", id="types"),
        pytest.param({"type": "string", "format": "date"}, "2025-09-18", id="format"),
        pytest.param({"type": "string", "pattern": "^[A-Z]{3}$"}, "AAA", id="pattern"),
        pytest.param({"type": "integer", "multipleOf": 7, "minimum": 8}, 14, id="step"),
        pytest.param(
            {"exclusiveMinimum": 0, "exclusiveMaximum": 0.1}, 0.05, id="open-interval"
        ),
        pytest.param(
            {"allOf": [{"minimum": 3}, {"maximum": 4}], "type": "integer"}, 3, id="all"
        ),
        pytest.param(
            {"type": "object", "properties": {}, "minProperties": 1, "required": []},
            {"key1": ""},
            id="least-members",
        ),
        pytest.param({"type": "string", "default": "d"}, "d", id="default"),
        pytest.param({"type": "array", "contains": {"const": 3}}, [3], id="contains"),
        pytest.param(True, "", id="anything"),
    ],
)
def test_smallest_value_is_generated(schema, value):
    assert value == instance(schema, {"city": "Rome"})


def test_search_in_a_recursive_schema_ends():
    value = instance(TREE)

    assert jsonschema_rs.is_valid(TREE, value)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(False, id="false"),
        pytest.param({"type": "banana"}, id="no-such-type"),
        pytest.param({"type": "integer", "minimum": 3, "maximum": 2}, id="empty-range"),
        pytest.param({"$ref": "#/$defs/nowhere"}, id="dangling"),
        pytest.param({"$ref": "#"}, id="itself"),
        pytest.param({"allOf": [{"$ref": "#"}]}, id="itself-in-a-union"),
        pytest.param({"required": 3}, id="wrong-keyword"),
        pytest.param({"type": "string", "pattern": "("}, id="wrong-pattern"),
    ],
)
def test_schema_without_a_value_is_rejected(schema):
    with pytest.raises(UnsatisfiableError):
        instance(schema)


@pytest.mark.parametrize("where", ["$ref", "$schema", "nested"])
def test_other_documents_are_never_opened(where, tmp_path):
    document = tmp_path / "schema.json"
    document.write_text('{"const": "followed"}')
    place = document.as_uri()
    schema = {where: place}
    if where == "nested":
        schema = {"type": "object", "properties": {"a": {"$ref": place}}}

    assert jsonschema_rs.is_valid({"$ref": place}, "followed")
    with pytest.raises(UnsatisfiableError):
        instance(schema)


SCHEMAS = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("integer")},
            optional={"minimum": st.integers(-9, 9), "multipleOf": st.integers(1, 5)},
        ),
        st.fixed_dictionaries(
            {"type": st.just("string")}, optional={"minLength": st.integers(0, 5)}
        ),
        st.fixed_dictionaries({"type": st.sampled_from(["boolean", "null", "number"])}),
        st.builds(lambda values: {"enum": values}, st.lists(st.integers(), min_size=1)),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda members, needed: {
                "type": "object",
                "properties": members,
                "required": [name for name in members if needed],
                "additionalProperties": False,
            },
            st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
            st.booleans(),
        ),
        st.builds(
            lambda item, least: {"type": "array", "items": item, "minItems": least},
            inner,
            st.integers(0, 3),
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
    ),
    max_leaves=8,
)


@given(SCHEMAS)
def test_generated_values_satisfy_their_schema(schema):
    assert jsonschema_rs.is_valid(schema, instance(schema))


KEYWORDS = (
    *("type", "items", "properties", "required", "enum", "$ref", "allOf", "anyOf"),
    *("minimum", "pattern", "minItems", "default", "const"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*KEYWORDS]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_json_gives_a_value_or_one_error(schema):
    try:
        value = instance(schema)
    except UnsatisfiableError:
        return

    assert jsonschema_rs.is_valid(schema, value)


def wide(width, depth):
    """A schema of *width* to the power of *depth* parts, written with references."""
    names = [f"m{number}" for number in range(width)]
    levels = {
        f"level{level}": {
            "type": "object",
            "properties": {
                name: {"$ref": f"#/$defs/level{level + 1}"} for name in names
            },
            "required": names,
        }
        for level in range(depth)
    }
    last = {f"level{depth}": {"type": "integer"}}
    return {"$defs": levels | last, "$ref": "#/$defs/level0"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 2 * 10**9},
        {"type": "string", "minLength": 10**12},
        {"type": "string", "minLength": 1e300},
        {"type": "array", "minItems": 10**9},
        {"type": "array", "minItems": 10**9, "uniqueItems": True},
        {
            "type": "array",
            "minItems": 5_000,
            "items": {"type": "array", "minItems": 99},
        },
        {"type": "object", "minProperties": 10**8},
        {"type": "string", "pattern": "((a{1000}){1000}){100}"},
        {"type": "string", "pattern": "(a{1,2}){40}$b"},
        {"type": "string", "pattern": "^(a+)+$", "minLength": 300_000},
        {"type": "number", "multipleOf": 1e-320, "minimum": 1e308},
        {"type": "number", "multipleOf": 0},
        {"type": "object", "properties": 5, "required": 7, "minProperties": "x"},
        wide(10, 5),
    ],
)
def test_what_needs_a_large_document_or_a_long_search_is_rejected(schema):
    """Each of these took for ever, or all memory, without its bound."""
    with pytest.raises(UnsatisfiableError):
        instance(schema)


def test_a_pattern_that_backtracking_would_never_match_is_matched():
    assert instance({"type": "string", "pattern": "^(a|a)*b$"}) == "b"
