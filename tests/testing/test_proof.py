"""Checks of plug-ins that no fault can break are refused before they judge."""

from __future__ import annotations

import pytest

from contract import Finding, UsageError, check, fault, probes
from contract.model.check import Check, Fault
from contract.plugins import discovery
from contract.plugins.discovery import Plugin
from contract.testing import proof
from contract.testing.proof import ensure_proven, select_checks, unproven


def made(name):
    """A check of the status, and a fault that breaks it."""

    @check(name, "It MUST answer.", source="RFC 1", sends=probes.SUM_WHOLE)
    def answers(exchange):
        if not exchange.answer:
            yield Finding("no answer")

    @fault(breaks=answers)
    def silent(reply):
        """A filter removes every answer."""
        return reply.with_json({"choices": []})

    return answers, silent


GOOD, SILENT = made("proven.good")
BARE, _ = made("proven.bare")
IDLE_ONE, _ = made("proven.idle")


@fault(breaks=IDLE_ONE)
def idle(reply):
    """It leaves the reply as it is."""
    return reply


@fault(breaks=IDLE_ONE, where=lambda _: False)
def nowhere(reply):
    """It breaks the check in no dialect."""
    return SILENT.apply(reply)


WITH_ONE_OF_TWO, _ = made("proven.one-of-two")


@fault(breaks=WITH_ONE_OF_TWO)
def other_idle(reply):
    """It leaves the reply as it is."""
    return reply


@fault(breaks=WITH_ONE_OF_TWO, where=lambda dialect: dialect.id == "llamacpp")
def only_of_llamacpp(reply):
    """A filter in front of llama.cpp removes every answer."""
    return SILENT.apply(reply)


FAULTS = {one.id: one for one in (SILENT, idle, nowhere, other_idle, only_of_llamacpp)}


@pytest.mark.parametrize(
    ("one", "reasons"),
    [
        pytest.param(GOOD, [], id="proven"),
        pytest.param(WITH_ONE_OF_TWO, [], id="proven-in-one-dialect-by-one-fault"),
        pytest.param(
            BARE, ["proven.bare has no fault that proves it can fail"], id="no-fault"
        ),
        pytest.param(
            IDLE_ONE,
            ["proven.idle passes even with its fault idle, nowhere"],
            id="idle-faults",
        ),
    ],
)
def test_a_check_is_proven_when_a_fault_breaks_it(one, reasons):
    assert reasons == list(unproven([one], FAULTS.values()))


def test_each_unproven_check_has_a_reason():
    found = list(unproven([GOOD, BARE, IDLE_ONE], FAULTS.values()))

    assert ["proven.bare", "proven.idle"] == [reason.split()[0] for reason in found]


@pytest.fixture
def install(monkeypatch):
    """`install(check, …)`: the installed checks, all of plug-ins but `proven.bare`."""

    def install(*checks):
        values = {Check: {one.id: one for one in checks}, Fault: FAULTS}
        foreign = {
            one.id: Plugin("acme", "acme_checks", f"acme-{one.id.partition('.')[2]}")
            for one in checks
            if one is not BARE
        }
        monkeypatch.setattr(proof, "find", lambda _, kind: values[kind])
        monkeypatch.setattr(proof, "plugins", lambda *_: foreign)

    return install


def test_unproven_checks_of_plug_ins_are_refused_with_their_packages(install):
    install(GOOD, IDLE_ONE)

    with pytest.raises(UsageError) as caught:
        ensure_proven([GOOD, IDLE_ONE])

    message = str(caught.value)
    assert "Unproven checks of acme-good, acme-idle: proven.idle passes" in message
    assert "--trust-plugins" in message


def test_only_the_checks_that_would_run_are_proved(install):
    install(GOOD, IDLE_ONE)

    ensure_proven([GOOD])


def test_checks_of_the_package_are_not_rehearsed_again(install):
    install(BARE)

    ensure_proven([BARE])


def test_no_check_is_rehearsed_without_plug_ins(monkeypatch):
    monkeypatch.setattr(proof, "plugins", lambda *_: {})
    monkeypatch.setattr(proof, "unproven", lambda *_: pytest.fail("rehearsed"))

    ensure_proven([GOOD, BARE])


def test_a_selection_is_proved_unless_it_is_trusted(install):
    install(GOOD, IDLE_ONE, BARE)

    assert (GOOD,) == select_checks("proven.good")
    assert (GOOD, BARE) == select_checks((), ["proven.idle"])
    assert (GOOD, IDLE_ONE, BARE) == select_checks("proven", trust_plugins=True)
    with pytest.raises(UsageError, match=r"proven\.idle passes"):
        select_checks("proven")


def test_a_selection_of_nothing_is_rejected(install):
    install(GOOD)

    with pytest.raises(UsageError, match=r"No check matches 'good'"):
        select_checks("good")


def test_every_check_of_the_package_is_selected_by_default():
    installed = discovery.find("checks", Check)

    assert tuple(installed.values()) == select_checks(trust_plugins=True)
