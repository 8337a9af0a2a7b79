"""Faults of what a provider says leave alone what it refuses."""

import pytest
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.model.check import Fault
from contract.plugins import discovery

PROFILES = builtin()
FAULTS = [
    fault
    for fault in discovery.find("checks", Fault).values()
    if fault.breaks.family in {"reasoning", "usage"}
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
@pytest.mark.parametrize("name", ["mistral-2026-08", "vllm-0.16", "inline"])
def test_a_fault_leaves_an_error_alone(fault, name):
    reply = told(PROFILES[name], fault.breaks.sends[0])
    refused = reply.with_header("content-type", "application/json")
    refused = refused.with_json({"detail": "no"})

    assert fault.apply(refused) == refused
