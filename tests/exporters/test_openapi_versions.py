"""The same API in OpenAPI 3.0, 3.1 and 3.2, valid and equally strict or wider."""

import json
from collections.abc import Iterator

import jsonschema
import openapi_spec_validator as validators
import pytest
from openapi_schema_validator import OAS30Validator
from support.every import DIALECTS

from contract.catalog.providers import providers
from contract.errors import SpecError
from contract.exporters.openapi_versions import in_version, schema_3_0
from contract.schema.openapi import standalone

VALID = {
    "3.0": validators.OpenAPIV30SpecValidator,
    "3.1": validators.OpenAPIV31SpecValidator,
    "3.2": validators.OpenAPIV32SpecValidator,
}


# A provider with schemas of its own has no examples in `openapi.yaml`.
EXEMPLIFIED = {
    dialect.id
    for provider in providers().values()
    if not provider.schemas
    for dialect in provider.dialects
}


@pytest.fixture(params=DIALECTS, scope="module")
def dialect(request):
    return request.param


@pytest.fixture(scope="module")
def document(dialect):
    return standalone(dialect.id, dialect.prefix, dialect.paths | {dialect.path})


@pytest.mark.parametrize("version", VALID)
def test_each_version_is_valid(document, version):
    found = in_version(document, version)

    assert found["openapi"].startswith(version)
    assert [] == list(VALID[version](found).iter_errors())


def test_the_document_of_3_1_is_not_changed(document):
    before = json.dumps(document)
    for version in VALID:
        in_version(document, version)

    assert before == json.dumps(document)


def test_streams_of_3_2_are_described_by_their_events(dialect, document):
    chat = in_version(document, "3.2")["paths"][dialect.path]["post"]
    media = chat["responses"]["200"]["content"]["text/event-stream"]
    item = (
        "ChatEventStreamItem" if dialect.surface is None else "ResponsesEventStreamItem"
    )

    assert media["itemSchema"] == {"$ref": f"#/components/schemas/{item}"}
    assert "schema" not in media


def examples(document) -> Iterator[tuple[str, object]]:
    """The name of the schema and the value of each JSON example of the document."""

    def resolved(node):
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            node = document["components"][kind][name]
        return node

    for operations in document["paths"].values():
        for operation in operations.values():
            if "responses" not in operation:
                continue
            bodies = [
                operation.get("requestBody", {}),
                *operation["responses"].values(),
            ]
            for body in map(resolved, bodies):
                media = body.get("content", {}).get("application/json", {})
                name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
                for example in map(resolved, media.get("examples", {}).values()):
                    yield name, example["value"]


def mutants(value):
    """The value without each of its members, and with each of another type."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for other in (None, 7, "x", [], {}):
                yield {**value, key: other}


def validator(kind, document, name):
    components = document["components"]
    return kind({**components["schemas"][name], "components": components})


@pytest.mark.long
def test_3_0_accepts_the_examples_and_judges_changed_ones_like_3_1(dialect, document):
    if not list(examples(document)):
        assert dialect.id not in EXEMPLIFIED
        return
    old = in_version(document, "3.0")
    agreed = rejected = 0
    for name, value in examples(document):
        then = validator(OAS30Validator, old, name)
        now = validator(jsonschema.Draft202012Validator, document, name)
        assert then.is_valid(value), name
        for mutant in mutants(value):
            accepted = now.is_valid(mutant)
            # What 3.0 cannot say makes it wider, so only one direction is a law.
            assert then.is_valid(mutant) or not accepted, (name, mutant)
            agreed += then.is_valid(mutant) == accepted
            rejected += not accepted

    assert rejected > 40
    assert agreed > rejected


@pytest.mark.parametrize(
    ("new", "accepted", "refused"),
    [
        ({"const": "a"}, ["a"], ["b", None]),
        ({"const": None}, [None], ["", 0]),
        ({"type": ["string", "null"]}, ["a", None], [1]),
        ({"type": ["string", "integer", "null"], "minLength": 2}, ["ab", 1], [""]),
        ({"type": ["string", "null"], "enum": ["a", None]}, ["a", None], ["b"]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, [1, None], ["a"]),
        ({"enum": ["a", None]}, ["a", None], ["b"]),
        ({"exclusiveMinimum": 1}, [2], [1, 0]),
        ({"exclusiveMinimum": 1, "minimum": 3}, [3], [2]),
        ({"exclusiveMaximum": 1, "maximum": 1}, [0], [1]),
        ({"type": "array"}, [[], [1, {}]], [1]),
        ({"type": "array", "prefixItems": [{"type": "integer"}],
          "items": False}, [[1]], [["a"]]),
        ({"type": "array", "prefixItems": [{"type": "integer"}]}, [[1, "a"]], [1]),
        ({"type": "object", "properties": {"a": True, "b": False}},
         [{"a": 1}], [{"b": 1}]),
        ({"type": "object", "patternProperties": {"^x": {"type": "integer"}},
          "additionalProperties": False}, [{"x": 1}], []),
        ({"not": {"type": "null"}}, [1], [None]),
        ({"type": "string", "examples": ["a"], "contentMediaType": "x/y"}, ["b"], [1]),
        ({"if": {"type": "string"}, "then": {"maxLength": 1}}, ["a"], []),
    ],
)  # fmt: skip
def test_a_schema_in_3_0_means_the_same(new, accepted, refused):
    old = OAS30Validator(schema_3_0(new))
    now = jsonschema.Draft202012Validator(new)

    for value in accepted:
        assert (now.is_valid(value), old.is_valid(value)) == (True, True), value
    for value in refused:
        assert (now.is_valid(value), old.is_valid(value)) == (False, False), value


def test_what_stands_beside_a_reference_is_kept_in_3_0():
    assert schema_3_0({"$ref": "#/a", "description": "b"}) == {
        "allOf": [{"$ref": "#/a"}],
        "description": "b",
    }


def test_another_version_is_an_error():
    with pytest.raises(SpecError, match=r"OpenAPI 2\.0 is not one of 3\.0, 3\.1, 3\.2"):
        in_version({}, "2.0")
