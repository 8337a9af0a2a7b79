"""A mismatch is a sentence or None, whatever the value is."""

import pytest

from contract.model.strict_json import MISSING
from contract.schema.validate import mismatch

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 5}},
    "required": ["city"],
    "additionalProperties": False,
}


def nested(levels):
    value = "Paris"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"city": "Paris"}, id="plain"),
        pytest.param({"city": "\ud800"}, id="lone surrogate"),
    ],
)
def test_a_matching_value_has_no_mismatch(value):
    assert mismatch(CITY, value) is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        pytest.param(MISSING, "not JSON", id="not JSON"),
        pytest.param({}, "required", id="missing"),
        pytest.param({"city": 5}, "string", id="type"),
        pytest.param({"city": "Bordeaux"}, "longer", id="too long"),
        pytest.param({"city": "Rome", "a": 1}, "unexpected", id="closed"),
        pytest.param("Paris", "object", id="text"),
        pytest.param({"city": "\ud800" * 6}, "long", id="lone surrogates"),
        pytest.param({"city": 10**400}, "string", id="huge number"),
        pytest.param({"city": nested(100_000)}, "validated", id="deep"),
    ],
)
def test_a_mismatch_is_described(value, word):
    assert word in (mismatch(CITY, value) or "")


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "nonsense"}, id="unknown type"),
        pytest.param({"type": 5}, id="a number as type"),
        pytest.param({"properties": []}, id="a list of properties"),
        pytest.param({"pattern": "("}, id="no pattern"),
        pytest.param({"$ref": "#/$defs/none"}, id="reference to nowhere"),
        pytest.param({"$ref": "https://example.com/schema"}, id="remote reference"),
        pytest.param([], id="a list"),
        pytest.param("object", id="a text"),
        pytest.param(5, id="a number"),
        pytest.param(None, id="null"),
    ],
)
@pytest.mark.parametrize("value", ["Paris", {"city": "\ud800"}])
def test_everything_matches_a_schema_that_is_none(schema, value):
    assert mismatch(schema, value) is None
