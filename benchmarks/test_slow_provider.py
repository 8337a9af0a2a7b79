"""
`verify` against a provider that takes a second for each answer, beside the ideal.

Ideal is as many requests at a time as allowed, without a pause, and then those whose
latency is judged, one after the other. The times are those of the recording: from the
first request of the plan to the last response.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.catalog.profiles import builtin
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.run.plan import plan_requests
from contract.run.recording import load
from contract.run.worth import worth

TARGET = "mock:vllm?ttft=1s"
PROFILE = builtin()["vllm-0.32"]
CONCURRENCY = 4
TIMED = ("rhythm-", "latency-")  # how the names of timed requests begin
LIMIT = 1.2  # times the ideal
START = 6.0  # seconds of Python, of opening the target and of the report
CHECKS = tuple(find("checks", Check).values())


def verified(folder: Path, *options: str) -> tuple[float, dict[str, object]]:
    """Wall seconds of the whole process, and its report."""
    report = folder / "report.json"
    command = [
        *(sys.executable, "-m", "contract", "verify", TARGET, "--no-config", "--quiet"),
        *("--concurrency", str(CONCURRENCY), "--report", f"json={report}", *options),
    ]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    return seconds, json.loads(report.read_text())


@pytest.mark.lengthy
def test_wall_is_near_the_ideal(benchmark, tmp_path):
    saved = tmp_path / "recording"
    wall, report = benchmark.pedantic(
        verified, (tmp_path, "--save", str(saved)), rounds=1
    )
    exchanges = list(load(saved, builtin())[0].exchanges.values())
    # Latencies are measured while nothing else runs; a recording knows names only.
    plan = plan_requests(CHECKS, PROFILE).alone
    timed = {probe.name for probe in plan if probe.name.startswith(TIMED)}
    ends = [e.sent_at + e.elapsed for e in exchanges]
    sending = max(ends) - min(e.sent_at for e in exchanges)
    serial = sum(e.elapsed for e in exchanges if e.probe.name in timed)
    together = sum(e.elapsed for e in exchanges if e.probe.name not in timed)
    ideal = together / CONCURRENCY + serial
    judged = sum(result["outcome"] != "skip" for result in report["results"])
    benchmark.extra_info.update(
        seconds=round(wall, 1),
        ratio=round(sending / ideal, 3),
        requests=len(exchanges),
        requests_per_check=round(len(exchanges) / judged, 2),
    )
    print(
        f"\n{len(exchanges)} requests for {judged} checks that were judged: sent in "
        f"{sending:.1f} s, ideal {ideal:.1f} s ({serial:.1f} s of it timed), ratio "
        f"{sending / ideal:.3f}; the process {wall:.1f} s"
    )

    assert sending < LIMIT * ideal


@pytest.mark.parametrize("seconds", [10, pytest.param(30, marks=pytest.mark.lengthy)])
def test_a_bounded_run_ends_in_time(benchmark, tmp_path, seconds):
    wall, report = benchmark.pedantic(
        verified, (tmp_path, "--within", f"{seconds}s"), rounds=1
    )
    asked = {
        result["check"]
        for result in report["results"]
        if not result["reason"].startswith("not asked")
    }
    share = sum(worth().get(one, 0) for one in asked) / sum(worth().values())
    requests = report["targets"][0]["requests"]
    benchmark.extra_info.update(
        seconds=round(wall, 1), ratio=round(wall / seconds, 3), worth=round(share, 3)
    )
    print(
        f"\n--within {seconds}s: {wall:.1f} s, ratio {wall / seconds:.2f}, "
        f"{requests} requests, asked what finds {share:.0%} of the faults"
    )

    assert wall < seconds + START
