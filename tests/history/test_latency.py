"""`contract.history.latency`: which latencies a run shows."""

from __future__ import annotations

import contract
from contract.history.latency import METRICS, latencies
from contract.run.latencies import FEWEST_STREAMS


def test_a_run_shows_the_latencies_of_its_streams():
    report = contract.verify("mock:vllm?ttft=20ms", select="streaming")
    found = {one.metric: one for one in latencies(report)}

    assert set(found) == {"ttft", "ttfo", "icl", "tpot"}
    assert not any(one.alone for one in found.values())
    assert found["ttft"].samples >= FEWEST_STREAMS
    assert 0.02 <= found["ttft"].p50.low <= found["ttft"].p50.seen
    assert set(found) <= set(METRICS)


def test_what_a_budget_measured_is_preferred():
    report = contract.verify(
        "mock:vllm", select=["latency.ttft", "latency.e2e"], budget={"ttft": 5.0}
    )
    found = {one.metric: one for one in latencies(report)}

    assert found["ttft"].alone
    assert not found["tpot"].alone


def test_a_report_without_exchanges_has_none():
    report = contract.verify("mock:vllm", select="streaming.ends-with-done")
    stripped = contract.Report(headers=report.headers, results=())

    assert latencies(stripped) == ()
