"""How soon planted bugs are found over the wire, beside Schemathesis with our hooks."""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.planted_bugs import BUGS, MODEL, PROFILE

from contract.client.session import Session
from contract.mock_server.app import serving
from contract.model.chat import CHAT
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.run.report import Outcome
from contract.run.runner import judge_check

pytestmark = pytest.mark.lengthy
SEEDS = (1, 2, 3)
PATIENCE = 60.0  # seconds of the clock for one whole command
ROOT = Path(__file__).parents[1]
SCHEMATHESIS = {
    "SCHEMATHESIS_HOOKS": "contract.schemathesis_hooks",
    "MAGISTRAL_CONTRACT_PROFILE": PROFILE.id,
    "MAGISTRAL_CONTRACT_MODEL": MODEL,
}


def found(bug, url, seed):
    """
    Seconds until our check has its smallest finding, requests, and the curl.

    Of the processor, and the stand-in's share is among them: on a machine with
    nothing else to do they are the seconds that pass.
    """
    check = find("checks", Check)[bug.check]
    begun = time.process_time()
    with Session(url, PROFILE, MODEL, seed=seed) as session:
        result = judge_check(check, session, url, slow=True)
        seconds = time.process_time() - begun
        sent = session.sent
    assert result.outcome is Outcome.FAIL, seed
    place = result.findings[0].at
    return seconds, sent, place[place.index("curl ") :]


def finished(*words):
    """CPU seconds of a command of ours or theirs, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **SCHEMATHESIS},
            cwd=ROOT,
            timeout=PATIENCE,
        ).stdout
    except subprocess.TimeoutExpired:
        done = f"not done in {PATIENCE:.0f} s"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, done


def ours(bug, url, seed):
    command = ("contract", "verify", url, "--profile", PROFILE.id, "--model", MODEL)
    how = (
        "--select",
        bug.check,
        "--slow",
        "--max-examples",
        "200",
        "--seed",
        f"{seed}",
    )
    return finished(*command, *how)


def theirs(url, seed):
    command = ("schemathesis.cli", "run", "openapi.yaml", "--url", url, "--no-color")
    how = ("--include-path", CHAT, "--max-failures", "1", "--seed", f"{seed}")
    return finished(*command, *how)


def longest(commands):
    return max((len(command.encode()) for command in commands), default=0)


@pytest.mark.parametrize("name", BUGS)
def test_planted_bug_is_found_with_a_short_command(name):
    bug = BUGS[name]
    with serving(bug.provider()) as url:
        direct = [found(bug, url, seed) for seed in SEEDS]
        our = [ours(bug, url, seed) for seed in SEEDS]
        their = [theirs(url, seed) for seed in SEEDS]
    seconds, sent, commands = zip(*direct, strict=True)
    curls = [re.findall(r"curl .*", out) for _, out in their]
    whole, peer = (statistics.median(cpu for cpu, _ in run) for run in (our, their))
    print(
        f"\n{name}: found in {statistics.median(seconds):.2f} CPU s and "
        f"{statistics.median(sent):.0f} requests, in {longest(commands)} bytes; "
        f"whole command {whole:.2f} CPU s, Schemathesis {peer:.2f} "
        f"({peer / whole:.1f} times), "
        f"{longest(c for one in curls for c in one)} bytes, "
        f"{sum(map(bool, curls))} of {len(SEEDS)} found"
    )

    assert longest(commands) <= 300
    assert all(bug.check in out for _, out in our)
