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
