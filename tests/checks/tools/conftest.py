"""What a check of tools makes of a reply whose calls were changed by hand."""

from __future__ import annotations

import pytest
from rehearsal import judged, told

from contract.catalog.profiles import builtin
from contract.checks.tools.calls import respelled
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]


@pytest.fixture
def verdict():
    """`verdict(check, change)` after *change* was applied to each reply."""

    def verdict(check, change=lambda reply: reply, profile=PROFILE):
        exchanges = [
            rehearse(change(told(profile, probe)), probe, profile)
            for probe in check.sends
        ]
        return judged(check, *exchanges)

    return verdict


@pytest.fixture
def entry():
    """`entry(change)` changes the first fragment, or the whole, of each call."""

    def entry(change):
        def first(value):
            if value.get("id"):
                change(value)

        return lambda reply: respelled(reply, first)

    return entry
