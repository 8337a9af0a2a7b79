"""What Schemathesis found, told in our words."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.fuzzing.rules import (
    REQUIREMENTS,
    excused,
    rule,
)
from contract.fuzzing.semantics import NAMES
from contract.model.check import Level

PROFILES = builtin()


@pytest.mark.parametrize("name", [*REQUIREMENTS, *NAMES, "a_check_of_tomorrow"])
def test_rule_says_what_it_demands(name):
    check = rule(name)

    assert f"fuzz.{name.replace('_', '-')}" == check.id
    assert check.level is Level.MUST
    assert check.requirement.endswith(".")


def test_every_check_of_schemathesis_is_known():
    from schemathesis.checks import CHECKS  # noqa: PLC0415  # slow, and only needed here

    names = set(CHECKS.get_all_names())

    assert names - {*REQUIREMENTS, *NAMES} <= {"max_response_time"}


@pytest.mark.parametrize("id", PROFILES)
def test_server_error_on_a_good_request_is_never_excused(id):
    assert not excused(PROFILES[id], "ServerError", 500, fits=True)


def test_what_a_real_engine_does_is_excused():
    transformers, llamacpp = PROFILES["transformers"], PROFILES["llamacpp"]

    assert excused(transformers, "ServerError", 500, fits=False)
    assert excused(llamacpp, "UnsupportedMethodResponse", 404, fits=True)
    assert not excused(transformers, "UnsupportedMethodResponse", 404, fits=True)
    assert not excused(llamacpp, "AcceptedNegativeData", 200, fits=False)
