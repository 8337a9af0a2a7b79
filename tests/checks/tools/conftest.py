"""Fixtures that judge replies with altered tool calls."""

from __future__ import annotations

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.tools.calls import rewrite_calls
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]


@pytest.fixture
def verdict():
    """`verdict(check, change)` is the verdict on replies after *change*."""

    def verdict(check, change=lambda reply: reply, profile=PROFILE):
        exchanges = [
            rehearse(change(told(profile, probe)), probe, profile)
            for probe in check.sends
        ]
        return judged(check, *exchanges)

    return verdict


@pytest.fixture
def change_calls():
    """`change_calls(change)` applies *change* to the first fragment of each call."""

    def change_calls(change):
        def change_first(call):
            if call.get("id"):
                change(call)

        return lambda reply: rewrite_calls(reply, change_first)

    return change_calls
