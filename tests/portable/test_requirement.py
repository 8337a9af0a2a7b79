"""Schemas and code agree on every reply that either of them judges."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from contract.catalog import profiles
from contract.catalog.profiles import builtin
from contract.errors import UsageError
from contract.model.check import Fault, NotApplicable
from contract.model.probes import SUM
from contract.model.saved import FORMAT, load
from contract.plugins.discovery import find
from contract.portable import PORTABLE, Verdict, verdict_of
from contract.run.invariants import scopes_of
from contract.run.triage import triage
from contract.testing.laws import applies, representatives
from contract.testing.rehearsal import changed, clean

RECORDED = Path(__file__).parents[2] / "fixtures" / "exchanges"
FAULTS = find("checks", Fault)
ENOUGH = 60  # checks that are decided by schemas


@cache
def recorded():
    found = []
    for path in sorted(RECORDED.rglob("*.json")):
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved.get("format") == FORMAT:
            found.append(load(saved, profiles.named(saved["profile"])))
    return found


def by_code(check, exchange):
    """What the code of *check* says without the schema."""
    try:
        findings = [*check.judge.__wrapped__(exchange)]
    except NotApplicable:
        return Verdict.SKIP
    return Verdict.FAIL if findings else Verdict.PASS


def judged(check, exchange):
    """Whether a run would ask *check* about *exchange*."""
    if check.every is not None:
        return check.every in {*scopes_of(exchange)}
    return triage(check, exchange) is None


def differences(check, exchanges):
    return [
        (exchange.profile.id, exchange.probe.name, str(ours), str(theirs))
        for exchange in exchanges
        if judged(check, exchange)
        and (ours := verdict_of(check.id, exchange))
        != (theirs := by_code(check, exchange))
    ]


def own_replies(check):
    """The replies to the requests of *check*: sound ones, and with its faults."""
    for name in builtin():
        if check.needs <= clean(name).profile.offers:
            yield from map(clean(name).send, check.sends[:4])
    for fault in FAULTS.values():
        if fault.breaks is check:
            for name in representatives():
                if applies(fault, name):
                    yield from map(changed(name, fault.apply).send, check.sends[:4])


def test_most_requirements_on_one_reply_are_portable():
    assert len(PORTABLE) > ENOUGH


@pytest.mark.parametrize("check_id", [*PORTABLE])
def test_schema_and_code_agree_on_its_own_replies(check_id):
    check = PORTABLE[check_id].check

    assert [] == differences(check, own_replies(check))


@pytest.mark.parametrize("check_id", [*PORTABLE])
def test_schema_and_code_agree_on_what_engines_said(check_id):
    check = PORTABLE[check_id].check
    asked = {probe.name for probe in check.sends}
    fitting = (
        exchange
        for exchange in recorded()
        if check.every is not None or exchange.probe.name in asked
    )

    assert [] == differences(check, fitting)


def test_a_check_that_is_not_portable_is_named():
    with pytest.raises(UsageError, match=r"schema\.event is not portable"):
        verdict_of("schema.event", clean("vllm-0.32").send(SUM))
