"""
False alerts of `watch` in 1,000 whole runs of a server that does not change.

The runs are those of the loop of `watch`, with its confirmation, against one mock on a
port, by the checks of the family `streaming` (30 checks, 36 requests a run). A tenth of
the runs are made while all cores are kept busy, so that time-outs and latencies have a
reason to fail. The other way round, one check that fails in every third run, and passes
when it is repeated, is not an alert either; one that stays broken is.

`pytest benchmarks/test_watch.py -n 0 -s -m lengthy`; 20 runs without the marker.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

import contract
from contract.cli.progress import Progress
from contract.cli.verifying import RunPlan, judge_target
from contract.testing.proof import select_checks
from contract.watching.loop import Loop
from contract.watching.state import Watched

FAMILY = "streaming"
CHECKS = [20, pytest.param(1_000, marks=pytest.mark.lengthy)]


@contextmanager
def busy():
    """Keep all cores busy."""
    programs = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)
    ]
    try:
        yield
    finally:
        for one in programs:
            one.kill()
            one.wait()


def watching(url, runs, on_run):
    """A loop over *runs* runs of *url* that does not wait between them."""
    checks = select_checks((FAMILY,), (), trust_plugins=False)
    by_id = {check.id: check for check in checks}

    def verify(target, names):
        chosen = (
            checks if names is None else tuple(by_id[n] for n in names if n in by_id)
        )
        plan = RunPlan(checks=chosen, slow=False, options={})
        with Progress(target, len(chosen), color=None, quiet=True) as progress:
            return judge_target(target, plan, None, progress)[0]

    return Loop(
        targets={url: Watched(target=url)},
        verify=verify,
        on_run=on_run,
        every=0.001,
        runs=runs,
        sleep=lambda _: None,
    )


@pytest.mark.parametrize("runs", CHECKS)
def test_no_false_alert(benchmark, runs):
    ended = []

    def once():
        begun = time.perf_counter()
        with contract.mock("vllm") as url:
            watching(url, runs - runs // 10, ended.append).run()
            with busy():
                watching(url, runs // 10, ended.append).run()
        return time.perf_counter() - begun

    seconds = benchmark.pedantic(once, rounds=1)
    alerts = [change for run in ended for change in run.changes]
    flakes = sum({id(run.watched): run.watched.unconfirmed for run in ended}.values())
    requests = sum(run.report.headers[0].requests for run in ended)
    judged = len(ended[0].report.results)
    benchmark.extra_info.update(runs=runs, alerts=len(alerts), unconfirmed=flakes)
    print(
        f"\n{runs:,} runs of {judged} checks, {requests:,} requests, {seconds:.0f} s: "
        f"{len(alerts)} alerts, {flakes} failures that did not happen again"
    )

    assert len(ended) == runs
    assert alerts == []


@pytest.mark.parametrize("runs", [30])
def test_a_failure_that_passes_when_it_is_repeated_is_no_alert(runs):
    """A broken server is seen at one run in three, and the sound one when repeated."""
    ended = []
    with (
        contract.mock("vllm") as sound,
        contract.mock("vllm", fault="done-missing") as broken,
    ):
        loop = watching(sound, runs, ended.append)
        verify, count = loop.verify, 0

        def flaky(target, names):
            nonlocal count
            count += names is None
            strikes = names is None and count % 3 == 0
            report = verify(broken if strikes else target, names)
            return replace(report, headers=(replace(report.headers[0], target=target),))

        loop.verify = flaky
        loop.run()
        alerts = [change for run in ended for change in run.changes]
        assert ended[-1].watched.unconfirmed == runs // 3
        assert alerts == []

        staying = watching(broken, 3, ended.append)
        staying.run()

    alerts = [change for run in ended for change in run.changes]
    assert [change.kind.value for change in alerts] == ["broken"]
