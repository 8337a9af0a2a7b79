"""Requirements of Schemathesis checks, and the failures to ignore."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.fuzzing.rules import REQUIREMENTS, excused, rule
from contract.fuzzing.semantics import NAMES
from contract.model.check import Level

PROFILES = builtin()


@pytest.mark.parametrize("name", [*REQUIREMENTS, *NAMES, "a_future_check"])
def test_a_rule_has_id_level_and_requirement(name):
    check = rule(name)

    assert f"fuzz.{name.replace('_', '-')}" == check.id
    assert check.level is Level.MUST
    assert check.requirement.endswith(".")


def test_every_schemathesis_check_has_a_requirement():
    from schemathesis.checks import CHECKS  # noqa: PLC0415  # slow, and only needed here

    names = set(CHECKS.get_all_names())

    assert names - {*REQUIREMENTS, *NAMES} <= {"max_response_time"}


@pytest.mark.parametrize("id", PROFILES)
def test_a_server_error_on_a_valid_request_is_never_excused(id):
    assert not excused(PROFILES[id], "ServerError", 500, fits=True)


def test_known_behaviour_of_an_engine_is_excused():
    transformers, llamacpp = PROFILES["transformers"], PROFILES["llamacpp"]

    assert excused(transformers, "ServerError", 500, fits=False)
    assert excused(llamacpp, "UnsupportedMethodResponse", 404, fits=True)
    assert not excused(transformers, "UnsupportedMethodResponse", 404, fits=True)
    assert not excused(llamacpp, "AcceptedNegativeData", 200, fits=False)
