"""The verdict on a value is a sentence or nothing, whatever the value is."""

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
        pytest.param({"city": "\ud800"}, id="half a pair"),
    ],
)
def test_a_fitting_value_has_no_misfit(value):
    assert mismatch(CITY, value) is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        pytest.param(MISSING, "no JSON", id="no JSON"),
        pytest.param({}, "required", id="missing"),
        pytest.param({"city": 5}, "string", id="type"),
        pytest.param({"city": "Bordeaux"}, "longer", id="too long"),
        pytest.param({"city": "Rome", "a": 1}, "unexpected", id="closed"),
        pytest.param("Paris", "object", id="text"),
        pytest.param({"city": "\ud800" * 6}, "long", id="half pairs"),
        pytest.param({"city": 10**400}, "string", id="huge number"),
        pytest.param({"city": nested(100_000)}, "judged", id="deep"),
    ],
)
def test_a_misfit_is_told_in_words(value, word):
    assert word in (mismatch(CITY, value) or "")
