"""The schemas that are requested are valid and strict, except where that is tested."""

from __future__ import annotations

import json

import jsonschema
import pytest

from contract.checks.structured import probes
from contract.model.probe import Probe

REQUESTED = {
    probe.name: holder
    for probe in vars(probes).values()
    if isinstance(probe, Probe)
    and (holder := json.loads(probe.options.response_format or "{}").get("json_schema"))
}


def is_valid(schema):
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError:
        return False
    return True


def objects(schema):
    """Yield every object schema in *schema* and in its definitions."""
    for definition in schema.get("$defs", {}).values():
        yield from objects(definition)
    if schema.get("type") == "object":
        yield schema
        for member in schema["properties"].values():
            yield from objects(member)


def test_only_one_schema_is_invalid():
    invalid = {
        name for name, one in REQUESTED.items() if not is_valid(one.get("schema"))
    }

    assert invalid == {probes.INVALID.name}


@pytest.mark.parametrize("name", sorted(set(REQUESTED) - {probes.INVALID.name}))
def test_every_object_is_closed_as_strict_output_demands(name):
    found = list(objects(REQUESTED[name]["schema"]))

    assert found
    for one in found:
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


def test_strict_can_be_left_out():
    loose = REQUESTED[probes.LOOSE_WHOLE.name]

    assert "strict" not in loose
    assert REQUESTED[probes.SCHEMA.name]["strict"] is True
