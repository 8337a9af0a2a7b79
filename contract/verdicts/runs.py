"""
Runs of `verify` on one target, one at a time, each in a process of its own.

A process can be ended whatever it does, returns its memory, and cannot take the server
down with it. It runs under `engines.watching`, so it ends with this process, however
that ends.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from contract.engines import watching
from contract.errors import UsageError
from contract.model.chat import Json
from contract.model.redaction import sanitise
from contract.run.reading import read_report
from contract.run.report import Outcome, Report

MOST_RUNS = 100
"""The number of runs that are remembered; only the last report is."""

_PREFIX = "error: "  # before the sentence in which a run says why it failed
_LOG_END = 4_096  # bytes read of what a run printed


class RunState(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    FINISHED = "finished"  # with a report
    FAILED = "failed"  # without one: an option is wrong, or the program crashed
    STOPPED = "stopped"


class BusyError(Exception):
    """A run is going on, and there is one at a time."""

    def __init__(self, run: str) -> None:
        """*run* is the id of that run."""
        super().__init__(f"run {run} is going on")
        self.run = run


@dataclass(kw_only=True)
class Run:
    """One run of `verify`."""

    # A number, counted from 1 while the server runs, as text.
    id: str
    # When it was started, ISO 8601 in UTC.
    started: str
    state: RunState = RunState.RUNNING
    # The seconds that it took; None while it is running.
    seconds: float | None = None
    # The exit code of `verify`; None while it is running, and if it was stopped.
    exit_code: int | None = None
    # Why there is no report, or not everything could be judged; empty otherwise.
    reason: str = ""
    # The number of results by outcome; empty without a report.
    counts: dict[str, int] | None = None

    def as_json(self) -> dict[str, Json]:
        """Return the run as `GET /runs/ID` shows it."""
        return {
            "id": self.id,
            "state": self.state.value,
            "started": self.started,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "exit_code": self.exit_code,
            "reason": self.reason,
            "counts": dict(self.counts or {}),
            "path": f"/runs/{self.id}",
        }


class Runs:
    """
    The runs of one target, and the report of the last one that finished.

    Usage::

        runs = Runs(("mock:vllm", "--select", "usage"))
        runs.start()
        …
        runs.close()
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        """*words* are the target and the options of `verify` on the command line."""
        self._words = words
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._latest: tuple[str, Report] | None = None
        self._current: _Process | None = None
        self._count = 0
        self._lock = threading.Lock()

    def now(self) -> tuple[tuple[str, Report] | None, Run | None]:
        """
        Return the last report with the id of its run, and the run that is going on.

        Either is None if there is none.
        """
        with self._lock:
            current = self._current
            return self._latest, None if current is None else current.run

    def all(self) -> tuple[Run, ...]:
        """Return the last `MOST_RUNS` runs, the oldest first."""
        with self._lock:
            return tuple(self._runs.values())

    def get(self, id: str) -> Run | None:
        """Return the run *id*, or None if there is none or it is forgotten."""
        with self._lock:
            return self._runs.get(id)

    def start(self) -> Run:
        """Start a run and return it at once; raise `BusyError` if one is going on."""
        with self._lock:
            if self._current is not None:
                raise BusyError(self._current.run.id)
            self._count += 1
            run = Run(
                id=str(self._count),
                started=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            self._current = _Process(run, self._words)
            self._runs[run.id] = run
            while len(self._runs) > MOST_RUNS:
                self._runs.popitem(last=False)
            current = self._current
        current.thread = threading.Thread(
            target=self._await_end, args=(current,), name=f"run {run.id}", daemon=True
        )
        current.thread.start()
        return run

    def stop(self, id: str) -> bool:
        """End the run *id* soon; return False if it is not going on."""
        with self._lock:
            current = self._current
            if current is None or current.run.id != id:
                return False
            current.end()
            return True

    def close(self) -> None:
        """End the run that is going on, and wait for its end."""
        current = self._current
        if current is not None:
            self.stop(current.run.id)
            if current.thread is not None:
                # The watcher kills what has not ended after its grace period.
                current.thread.join(3 * watching.GRACE_PERIOD)

    def _await_end(self, current: _Process) -> None:
        report, reason = current.result()
        # A client that sees the end of the run also sees its report.
        with self._lock:
            current.note_end(report, reason)
            if report is not None:
                self._latest = current.run.id, report
            self._current = None


class _Process:
    """The process of one run."""

    def __init__(self, run: Run, words: tuple[str, ...]) -> None:
        self.run = run
        self.thread: threading.Thread | None = None
        self.seconds = 0.0
        self._stopped = False
        self._started = time.perf_counter()
        self._folder = TemporaryDirectory(
            prefix="verdicts-", ignore_cleanup_errors=True
        )
        self._report = Path(self._folder.name) / "report.json"
        self._log: IO[bytes] = TemporaryFile()  # noqa: SIM115  # closed in `result`
        target, *options = words
        command = [sys.executable, "-m", "contract", "verify", *options, "--quiet"]
        command += ["--report", f"json={self._report}", "--", target]
        self._watcher = subprocess.Popen(  # noqa: S603  # this program
            [sys.executable, "-I", watching.__file__, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            # Ctrl-C goes to this process only, which then closes the pipe.
            start_new_session=True,
        )

    def end(self) -> None:
        """Have the watcher end the run."""
        self._stopped = True
        if self._watcher.stdin is not None:
            with suppress(OSError):
                self._watcher.stdin.close()

    def result(self) -> tuple[Report | None, str]:
        """Wait for the end; return the report, or None and the reason."""
        code = self._watcher.wait()
        self.seconds = time.perf_counter() - self._started
        if self._watcher.stdin is not None:
            self._watcher.stdin.close()
        report: Report | None = None
        reason = ""
        if not self._stopped:
            try:
                report = read_report(self._report)
                reason = next((h.trouble for h in report.headers if h.trouble), "")
            except UsageError:
                reason = self._last_words() or f"verify ended with exit code {code}"
        self._log.close()
        self._folder.cleanup()
        return report, sanitise(reason)

    def note_end(self, report: Report | None, reason: str) -> None:
        """Note in the run what `result` returned."""
        run = self.run
        run.seconds = self.seconds
        run.reason = reason
        if report is not None:
            run.counts = {o.value: report.counts.get(o, 0) for o in Outcome}
            run.state = RunState.FINISHED
        else:
            run.state = RunState.STOPPED if self._stopped else RunState.FAILED
        if run.state is not RunState.STOPPED:
            run.exit_code = self._watcher.returncode

    def _last_words(self) -> str:
        """Return the sentence that the run printed about its failure; else empty."""
        size = self._log.seek(0, 2)
        self._log.seek(max(0, size - _LOG_END))
        lines = self._log.read().decode(errors="replace").splitlines()
        said = [line for line in lines if line.startswith(_PREFIX)]
        return said[-1].removeprefix(_PREFIX) if said else ""
