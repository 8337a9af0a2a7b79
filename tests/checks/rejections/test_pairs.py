"""A check that an invalid request is rejected comes with the fault that accepts it."""

from __future__ import annotations

import pytest

from contract.checks.rejections.pairs import check_and_fault
from contract.model.probes import wrong
from contract.model.profile import Capability
from contract.run.report import Outcome
from contract.testing.rehearsal import rehearse

REJECTED = wrong("pairs-n-zero", "/n", "0")
REJECTION, ACCEPTANCE = check_and_fault(
    REJECTED,
    "A request with n 0 MUST be rejected.",
    "A gateway drops a value that it does not understand.",
    source="a test",
    needs={Capability.CHOICES},
    unless="n-is-zero",
    statuses=frozenset({400, 422}),
    described="400 or 422",
)


def test_both_are_named_after_the_request():
    assert REJECTION.id == "rejections.pairs-n-zero"
    assert ACCEPTANCE.id == "accepts-pairs-n-zero"
    assert ACCEPTANCE.breaks is REJECTION
    assert ACCEPTANCE.description.startswith("A gateway drops")


def test_conditions_are_those_of_the_check():
    assert REJECTION.sends == (REJECTED,)
    assert REJECTION.needs >= {Capability.CHOICES}
    assert REJECTION.unless == "n-is-zero"


@pytest.mark.parametrize("dialect", ["mistral", "vllm"])
def test_the_fault_breaks_the_check(dialect):
    assert rehearse(REJECTION, dialect).outcome is Outcome.PASS
    broken = rehearse(REJECTION, dialect, fault=ACCEPTANCE)

    assert broken.outcome is Outcome.FAIL
    assert [finding.message for finding in broken.findings] == [
        "the request was accepted"
    ]
    assert broken.findings[0].expected == "400 or 422"
