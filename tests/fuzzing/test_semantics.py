"""Checks of this package that Schemathesis applies to every chat response."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.fuzzing.semantics import NAMES, check_named, findings, to_exchange
from contract.mock_server.provider import SERVED
from contract.model.check import Fault
from contract.model.probes import SUM, SUM_WHOLE, TOOL
from contract.model.reply import rehearse
from contract.model.wire import build_request
from contract.plugins.discovery import find

PROFILES = builtin()
FAULTS = find("checks", Fault)


def answered(profile, probe, fault=None):
    """Return the mock's response to *probe* as Schemathesis passes it on."""
    reply = mock_reply(profile, probe)
    reply = fault.apply(reply) if fault else reply
    rehearsed = rehearse(reply, probe, profile)
    request = build_request(probe, profile, SERVED[0])
    headers = (*rehearsed.headers, ("date", "Thu, 18 Sep 2025 00:00:00 GMT"))
    return to_exchange(profile, request, headers, rehearsed.body)


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE, TOOL], ids=lambda one: one.name)
@pytest.mark.parametrize("id", PROFILES)
def test_a_correct_response_has_no_findings(id, probe):
    exchange = answered(PROFILES[id], probe)

    assert {} == {name: found for name in NAMES if (found := findings(name, exchange))}


# Schemathesis does not say whether the server closed the connection.
UNSEEN = {"streaming_closes_after_done"}


@pytest.mark.parametrize("name", sorted(set(NAMES) - UNSEEN))
def test_each_check_detects_a_fault_of_its_own(name):
    own = [fault for fault in FAULTS.values() if fault.breaks.id == NAMES[name]]
    found = [
        findings(name, answered(PROFILES[one], probe, fault))
        for one in ("vllm-0.32", "mistral-2025-10", "mistral-responses")
        if check_named(name).needs <= PROFILES[one].offers
        for fault in own
        for probe in (*check_named(name).sends, SUM, SUM_WHOLE)
    ]

    assert any(found)


def test_rejections_waivers_and_missing_capabilities_have_no_findings():
    profile = PROFILES["vllm-0.32"]
    fault = FAULTS["total-without-prompt"]
    wrong = answered(profile, SUM_WHOLE, fault)
    waived = replace(profile, waivers={"usage.sums-up": "ticket 4711"})
    narrow = replace(profile, offers=frozenset())

    assert findings("usage_sums_up", wrong)
    assert not findings("usage_sums_up", replace(wrong, status=400))
    assert not findings("usage_sums_up", replace(wrong, profile=waived))
    assert not findings("usage_sums_up", replace(wrong, profile=narrow))
