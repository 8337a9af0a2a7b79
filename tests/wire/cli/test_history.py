"""`verify --history` in processes of its own: nothing that was reported is lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from contract.history.store import History

VERIFY = (
    *(sys.executable, "-m", "contract", "verify", "mock:vllm", "--no-config"),
    *("--select", "streaming.ends-with-done", "--quiet", "--history"),
)


@pytest.mark.long
def test_a_run_that_was_reported_survives_a_kill_at_once(tmp_path):
    """Two at a time, each killed as soon as it has printed its verdict."""
    place = str(tmp_path / "h.db")
    running = [
        subprocess.Popen(  # noqa: S603  # not a shell
            [*VERIFY, place], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        lines = [one.stdout.readline() for one in running]
    finally:
        for one in running:
            one.send_signal(signal.SIGKILL)
            one.wait(30)
            one.stdout.close()

    assert all("PASSED" in line for line in lines)
    runs = list(History.open(place, read_only=True).runs())
    assert [run.verdict for run in runs] == ["PASSED"] * 2
    assert sorted(run.broken is None for run in runs) == [False, True]
