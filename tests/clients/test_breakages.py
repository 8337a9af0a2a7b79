"""Bugs of old releases are found, and the releases without them pass."""

from __future__ import annotations

import pytest
from support.clients import breakages

from contract.run.report import Outcome

KNOWN = {one.id: one for one in breakages()}
pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("clients")]


@pytest.mark.parametrize("name", KNOWN)
def test_the_old_release_is_found(name, play, golden):
    known = KNOWN[name]
    results = play(known.old, known.dialect, [known.scenario], known.requirement)
    result = results[known.requirement]

    assert result.outcome is Outcome.FAIL, result.reason
    text = result.findings[0].message + "\n"
    assert golden(f"clients/old/{name}.txt", text) == text


@pytest.mark.parametrize("name", KNOWN)
def test_the_mended_release_passes(name, play):
    known = KNOWN[name]
    results = play(known.new, known.dialect, [known.scenario], known.requirement)
    result = results[known.requirement]

    assert result.outcome is Outcome.PASS, [*result.findings, result.reason]
