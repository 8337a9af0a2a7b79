"""Newman's JSON report lists every test with its outcome."""

from __future__ import annotations

import json

import pytest

from contract.importers.newman import newman


def test_every_test_has_its_outcome(client_report):
    run = newman.read(client_report("newman-6.2.2.json"))

    assert (run.client, run.title, run.requests) == ("newman", "verdicts", 7)
    assert run.started.startswith("2026-11-26T")
    assert 0 < run.seconds < 60
    assert len(run.assertions) == 7
    assert [one.skipped for one in run.assertions] == [0, 0, 1, 1, 0, 0, 0]
    failed = [one for one in run.assertions if one.failure is not None]
    assert [one.name.partition(":")[0] for one in failed] == [
        "reasoning.present",
        "streaming.carries-text",
    ]
    assert failed[0].failure.startswith("the reply has no reasoning (expected ")
    assert len(run.expected) == 6


def test_a_server_that_is_not_reached_is_no_pass(client_report):
    run = newman.read(client_report("newman-6.2.2-unreachable.json"))

    assert [one.failure for one in run.assertions] == [
        "cannot be judged: no response from the verdict server"
    ] * 2


@pytest.mark.parametrize(
    "value", [[], {}, {"run": {"executions": []}}, {"run": 1, "collection": {"a": 1}}]
)
def test_other_json_is_not_newmans(value):
    assert newman.read(json.dumps(value)) is None
