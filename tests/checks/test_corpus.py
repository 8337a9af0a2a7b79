"""Tests of the corpus of schemas: enough, all different, each with an instance."""

import json

import jsonschema_rs
import pytest

from contract.checks.corpus import FRAMES, LEAVES, WRITTEN, corpus
from contract.mock_server.instance import instance

LARGE = 200


def test_there_are_enough_different_schemas():
    texts = {json.dumps(schema) for schema in corpus().values()}

    assert len(texts) == len(corpus()) == len(FRAMES) * len(LEAVES) + len(WRITTEN)
    assert len(texts) >= LARGE


def test_each_schema_is_one_of_an_object_that_some_value_satisfies():
    for name, schema in corpus().items():
        value = instance(schema)

        assert isinstance(value, dict), name
        assert jsonschema_rs.is_valid(schema, value), name


@pytest.mark.parametrize(
    "part",
    [
        "$defs",
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "definitions",
        "format",
        "minItems",
        "oneOf",
        "pattern",
        "prefixItems",
    ],
)
def test_what_people_write_is_in_it(part):
    assert f'"{part}"' in json.dumps(dict(corpus()))


def test_the_order_is_always_the_same():
    names = list(corpus())

    assert names[:2] == ["member-text", "member-short-text"]
    assert names[-1] == "review"
