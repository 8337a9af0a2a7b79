"""Every breakage is detected: its fault makes its check fail in its dialect."""

from __future__ import annotations

import pytest
from support.catalogue import CHECKS
from support.each import each

from contract.catalog import breakages
from contract.catalog.profiles import builtin
from contract.errors import SpecError
from contract.model.check import Fault, Quirk
from contract.plugins.discovery import find
from contract.run.report import Outcome
from contract.testing import rehearse

KNOWN = breakages.breakages()
FAULTS = find("checks", Fault)


@each("id", KNOWN)
def test_breakage_is_detected_by_its_check_and_only_with_its_fault(id):
    broken = KNOWN[id]
    check, name = broken.fault.breaks, broken.profile.id
    before, after = rehearse(check, name), rehearse(check, name, broken.fault)

    assert broken.fault.exists_in(broken.profile.dialect)
    assert before.outcome is not Outcome.FAIL, before.findings
    assert after.outcome is Outcome.FAIL, after.reason
    assert check.id in CHECKS


@each("id", KNOWN)
def test_breakage_is_one_sentence_about_a_public_report(id):
    broken = KNOWN[id]
    place, _, number = broken.issue.partition("#")

    assert len(place.split("/")) == 2
    assert number.isdigit()
    assert broken.what.endswith(".")
    assert len(broken.what) < 120
    assert broken.url == f"https://github.com/{place}/issues/{number}"


def test_there_are_enough_of_them():
    assert len(KNOWN) >= 45


def test_breakages_have_other_names_than_faults_and_quirks():
    assert not set(KNOWN) & {*FAULTS, *find("quirks", Quirk)}


def test_a_breakage_is_its_fault_with_its_own_description():
    fault = breakages.faults_by_name()["vllm-30139"]

    assert fault.apply is KNOWN["vllm-30139"].fault.apply
    assert fault.breaks.id == "reasoning.answer-without-thought"
    assert fault.description.endswith("(vllm-project/vllm#30139)")


def test_a_fault_is_found_by_its_own_name():
    assert {name: breakages.faults_by_name()[name] for name in FAULTS} == dict(FAULTS)


def entry(**change):
    values = {
        "issue": "owner/repo#1",
        "what": "It broke.",
        "fault": "done-missing",
        "profile": "vllm-0.32",
        **change,
    }
    return "[[breakage]]\n" + "".join(f'{key} = "{v}"\n' for key, v in values.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(entry(fault="done-mising"), "'done-missing'", id="fault"),
        pytest.param(entry(profile="vllm-0.33"), "'vllm-0.32'", id="profile"),
        pytest.param(entry() + entry(), "twice", id="twice"),
    ],
)
def test_a_breakage_with_an_unknown_reference_is_rejected(text, words):
    with pytest.raises(SpecError, match=words):
        breakages.parse(text, FAULTS, builtin())
