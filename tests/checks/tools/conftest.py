"""Fixtures that judge replies with altered tool calls."""

from __future__ import annotations

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.tools.calls import rewrite_calls
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]


@pytest.fixture
def verdict():
    """`verdict(check, change)` is the verdict on replies after *change*."""

    def verdict(check, change=lambda reply: reply, profile=PROFILE):
        exchanges = [
            rehearse(change(mock_reply(profile, probe)), probe, profile)
            for probe in check.sends
        ]
        return verdict_on(check, *exchanges)

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
