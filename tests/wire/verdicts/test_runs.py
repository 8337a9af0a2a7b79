"""Runs of `verify` in processes: finished, failed, stopped, one at a time."""

from __future__ import annotations

import time

import pytest

from contract.run.report import Outcome
from contract.verdicts.runs import BusyError, Runs, RunState

PATIENCE = 30.0


def ended(run):
    """*run*, once it is no longer running."""
    deadline = time.monotonic() + PATIENCE
    while run.state is RunState.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return run


def test_a_run_ends_with_a_report_and_there_is_one_at_a_time():
    runs = Runs(("mock:vllm?fault=field-renamed", "--select", "reasoning.present"))
    run = runs.start()
    with pytest.raises(BusyError) as busy:
        runs.start()
    before = runs.now()

    ended(run)

    assert before == (None, run)
    assert busy.value.run == run.id
    latest, running = runs.now()
    assert running is None
    assert latest[0] == run.id
    assert [result.outcome for result in latest[1].results] == [Outcome.FAIL]
    assert (run.state, run.exit_code, run.counts["fail"]) == (RunState.FINISHED, 1, 1)
    assert runs.all() == (run,)
    assert runs.get(run.id) is run


def test_a_run_that_cannot_start_says_why():
    run = ended(Runs(("mock", "--select", "no.such-check")).start())

    assert (run.state, run.exit_code) == (RunState.FAILED, 2)
    assert "no.such-check" in run.reason
    assert "\n" not in run.reason


def test_a_run_is_stopped_and_leaves_no_process():
    runs = Runs(("mock?ttft=60s",))
    run = runs.start()
    time.sleep(1)  # until it waits for its first reply

    assert runs.stop(run.id)
    runs.close()

    assert ended(run).state is RunState.STOPPED
    assert run.exit_code is None
    assert runs.now() == (None, None)
    assert not runs.stop(run.id)
