"""`contract.watching.metrics`: what Prometheus reads, and nothing secret."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.runs import FAIL, MUST, OTHER, PASS, SKIP, report

import contract
from contract.errors import UsageError
from contract.watching.loop import Run
from contract.watching.metrics import PREFIX, Metrics
from contract.watching.state import Watched

AWAY = report(trouble="it cannot be reached.")


def scraped(metrics):
    """The samples by name and sorted values of their labels, as they are served."""
    with (
        metrics.served("127.0.0.1", 0) as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as got,
    ):
        text = got.read().decode()
    return {
        (one.name.removeprefix(PREFIX), *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def recorded(metrics, watched, one, again=None, *, whole=True):
    changes = watched.settle(one, again, at="2026-11-27T00:00:00+00:00")
    metrics.record(Run(watched=watched, report=one, changes=changes, whole=whole))


def test_a_run_is_measured():
    metrics, watched = Metrics(), Watched(target="one")
    recorded(metrics, watched, report((MUST, PASS), (OTHER, SKIP)))
    one = report((MUST, FAIL), (OTHER, SKIP))
    recorded(metrics, watched, one, one)
    found = scraped(metrics)

    assert found["up", "one"] == 1
    assert found["failing_checks", "one"] == 1
    assert (
        found["condition", "failing", "one"],
        found["condition", "one", "passing"],
    ) == (1, 0)
    assert (found["verdict", "FAILED", "one"], found["verdict", "PASSED", "one"]) == (
        1,
        0,
    )
    assert found["checks", "fail", "one", "usage"] == 1
    assert found["checks", "one", "pass", "usage"] == 0
    assert found["checks", "one", "reasoning", "skip"] == 1
    assert found["run_duration_seconds", "one"] == 1.5
    assert found["last_run_timestamp_seconds", "one"] == 1767225600
    assert found["requests_total", "one"] == 14
    assert found["runs_total", "FAILED", "one"] == 1
    assert found["state_changes_total", "broken", "one"] == 1


def test_a_target_that_is_away_keeps_what_was_measured():
    metrics, watched = Metrics(), Watched(target="one")
    recorded(metrics, watched, report((MUST, PASS)))
    recorded(metrics, watched, AWAY, AWAY, whole=False)
    found = scraped(metrics)

    assert found["up", "one"] == 0
    assert found["condition", "away", "one"] == 1
    assert found["state_changes_total", "away", "one"] == 1
    assert found["checks", "one", "pass", "usage"] == 1
    assert ("runs_total", "INCONCLUSIVE", "one") not in found


def test_a_flake_is_counted_and_no_change():
    metrics, watched = Metrics(), Watched(target="one")
    metrics.expect("one")
    assert scraped(metrics)["up", "one"] == 0
    recorded(metrics, watched, report((MUST, FAIL)), report((MUST, PASS)))
    found = scraped(metrics)

    assert found["unconfirmed_failures_total", "one"] == 1
    assert found["state_changes_total", "broken", "one"] == 0
    assert found["failing_checks", "one"] == 0


def test_latencies_have_quantiles():
    metrics = Metrics()
    one = contract.verify("mock:vllm", select="streaming.ends-with-done")
    recorded(metrics, Watched(target="mock:vllm"), one)
    found = scraped(metrics)

    assert found["latency_seconds", "0.95", "mock:vllm", "ttft"] > 0
    assert found["latency_seconds", "0.5", "mock:vllm", "ttft"] > 0


def test_a_port_in_use_is_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                UsageError, match=f"127.0.0.1:{port}: Address already in use"
            ),
            Metrics().served("127.0.0.1", port),
        ):
            pass


@pytest.mark.parametrize("host", ["no-such-host.invalid", "256.1.1.1"])
def test_an_address_that_is_not_of_this_machine_is_a_sentence(host):
    with (
        pytest.raises(UsageError, match="Metrics cannot be served"),
        Metrics().served(host, 0),
    ):
        pass
