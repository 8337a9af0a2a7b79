"""Tests of the checks of tool definitions."""

import pytest

from contract.catalog.profiles import builtin
from contract.checks.tools import definitions


@pytest.mark.parametrize("name", builtin())
def test_the_documented_number_of_tools_is_accepted(name, verdict):
    seen = verdict(definitions.many_are_taken, profile=builtin()[name])

    assert seen.word == "pass"


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (definitions.bad_name_is_refused, definitions.accepts_bad_name),
        (definitions.bad_schema_is_refused, definitions.accepts_bad_schema),
    ],
    ids=lambda one: one.id,
)
def test_an_accepted_invalid_definition_is_found(check, fault, verdict):
    profile = builtin()["mistral-2025-10"]

    assert verdict(check, profile=profile).word == "pass"
    assert verdict(check, fault.apply, profile).word == "fail"
