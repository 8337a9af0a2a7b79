"""The clients of today, each in the dialects of the servers that it is used with."""

from __future__ import annotations

import json

import pytest
from support.clients import today

from contract.run.report import Outcome

PAIRS = {
    f"{release.client}@{dialect}": (release, dialect)
    for release, dialects in today()
    for dialect in dialects
}
pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("clients")]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_client_is_as_the_page_says(pair, play, golden):
    """A client that became better or worse changes the file, and the page."""
    release, dialect = PAIRS[pair]
    results = play(release, dialect)
    outcomes = {
        name: result.findings[0].message
        if result.outcome is Outcome.FAIL
        else result.outcome.value
        for name, result in sorted(results.items())
    }

    assert all(result.outcome is not Outcome.ERROR for result in results.values())
    found = {"packages": list(release.packages), "outcomes": outcomes}
    text = json.dumps(found, indent=1) + "\n"
    assert golden(f"clients/{pair}.json", text) == text
