"""`deploy/fleet.py`: endpoints verified by Locust workers, into one history."""

from __future__ import annotations

import collections
import subprocess
import sys
from pathlib import Path

import pytest

import contract
from contract.history.store import History

pytestmark = pytest.mark.load
FLEET = Path(__file__).resolve().parents[3] / "deploy" / "fleet.py"


@pytest.fixture
def files(tmp_path):
    """The file of endpoints, a sound one and one with a fault, and the history."""
    endpoints, history = tmp_path / "endpoints.txt", tmp_path / "runs.db"
    with (
        contract.mock("vllm") as sound,
        contract.mock("vllm", fault="field-renamed") as broken,
    ):
        lines = ["# sound, then broken", sound, "", f"{broken} vllm-0.32"]
        endpoints.write_text("\n".join(lines))
        yield endpoints, history


def run(endpoints, history, *more):
    command = [sys.executable, "-m", "locust", "-f", str(FLEET), "--headless"]
    given = ["--endpoints", str(endpoints), "--history", str(history)]
    given += ["--select", "reasoning.right-field", "--every", "3", "--rounds", "2"]
    users = ["-u", "2", "-r", "2", "-t", "15s", "--stop-timeout", "20"]
    return subprocess.run(  # noqa: S603  # not a shell
        [*command, *given, *users, "--only-summary", *more],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize("more", [(), ("--processes", "2")], ids=["one", "two"])
def test_each_endpoint_is_verified_once_in_each_period(files, more):
    done = run(*files, *more)

    assert done.returncode == 1, done.stderr  # runs failed
    runs = [*History.open(str(files[1]), read_only=True).runs()]
    found = collections.Counter((one.target, one.verdict) for one in runs)
    assert sorted(found.values()) == [2, 2]
    assert {verdict for _, verdict in found} == {"PASSED", "FAILED"}
    assert {one.kind for one in runs} == {"fleet"}


def test_the_runs_of_a_worker_are_spread_over_the_period():
    # Locust, and with it gevent, is imported in a process of its own.
    code = (
        "import sys, runpy; names = runpy.run_path(sys.argv[1]); "
        "one = names['Endpoint']('a', None); two = names['Endpoint']('b', 'vllm'); "
        "plan = names['Schedule']([one, two], 900.0, 2); "
        "print([(round(due), end.target) for due, end in iter(plan.take, None)])"
    )
    done = subprocess.run(  # noqa: S603  # not a shell
        [sys.executable, "-c", code, str(FLEET)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout.strip() == "[(0, 'a'), (450, 'b'), (900, 'a'), (1350, 'b')]"
