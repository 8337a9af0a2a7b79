"""Faults of generated text and usage do not change error responses."""

from support.each import each
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.model.check import Fault
from contract.plugins import discovery

PROFILES = builtin()
FAULTS = [
    fault
    for fault in discovery.find("checks", Fault).values()
    if fault.breaks.family in {"reasoning", "usage"}
]


@each("fault", FAULTS, ids=lambda fault: fault.id)
@each("name", ["mistral-2026-08", "vllm-0.16", "inline"])
def test_fault_does_not_change_an_error(fault, name):
    reply = mock_reply(PROFILES[name], fault.breaks.sends[0])
    rejected = reply.with_header("content-type", "application/json")
    rejected = rejected.with_json({"detail": "no"})

    assert fault.apply(rejected) == rejected
