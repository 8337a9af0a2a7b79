"""Verification of one target: opened or replayed, and ready to be judged."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from contract.client.session import Session
from contract.model.check import Check
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.run import recording, runner
from contract.run.invariants import Replies
from contract.run.plan import RequestPlan, plan_requests
from contract.run.report import Header, Result, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """
    A target that is ready to be judged, live or from a recording.

    Created by `open_target` and `open_recordings`.
    """

    # The target as the user wrote it, without its key.
    target: str
    # The session that sends the requests, or reads them from the recording.
    session: Session
    # The command line that verifies the target again, for `Result.again`.
    command: tuple[str, ...]
    # The header as of the opening: without the time and the requests spent since.
    initial_header: Header
    # The number of requests sent to detect the profile, before the session existed.
    detection_requests: int = 0
    # The replies so far, each classed once, for the invariants.
    replies: Replies = field(default_factory=Replies)
    # By probe: the first check that `run` was given and that sends it.
    senders: dict[Probe, str] = field(default_factory=dict)
    # Moment of `time.monotonic` when the last response of `verify` must have come; None
    # for no bound.
    deadline: float | None = None
    # When the target was opened, in seconds of `time.perf_counter`.
    opened_at: float = field(default_factory=time.perf_counter)

    @property
    def profile(self) -> Profile:
        """The profile that the target is judged by."""
        return self.session.profile

    @property
    def header(self) -> Header:
        """The report header of this target, with the time and requests until now."""
        return replace(
            self.initial_header,
            seconds=time.perf_counter() - self.opened_at,
            requests=self.detection_requests + self.session.sent,
            # The header of a recording already has the notes of that run.
            notes=tuple(
                dict.fromkeys((*self.initial_header.notes, *self.session.notes))
            ),
        )

    def plan(self, checks: Iterable[Check], *, slow: bool = False) -> RequestPlan:
        """
        Return the requests that running *checks* would send.

        *slow* includes the checks that are marked as slow.
        """
        return plan_requests(
            checks, self.profile, slow=slow, thorough=self.session.thorough
        )

    def verify(
        self, checks: Iterable[Check], *, slow: bool = False
    ) -> Iterator[Result]:
        """
        Return an iterator over the results of *checks* as they are known.

        Invariants come last, because they are judged on every exchange of the run.

        *slow* includes the checks that are marked as slow.
        """
        checks = tuple(checks)
        self._measure_baseline(checks, slow=slow)
        return runner.judge_all(
            checks,
            self.session,
            self.target,
            slow=slow,
            command=self.command,
            deadline=self.deadline,
        )

    def results(
        self, checks: Iterable[Check], *, slow: bool = False
    ) -> tuple[Result, ...]:
        """Return the results of *checks* in their order; *slow* as for `verify`."""
        checks = tuple(checks)
        return in_order(self.verify(checks, slow=slow), checks)

    def run(self, check: Check, *, slow: bool = False) -> Result:
        """Return the result of *check*; *slow* runs it even if it is marked as slow."""
        self._measure_baseline((check,), slow=slow)
        for probe in check.sends:
            self.senders.setdefault(probe, check.id)
        return runner.judge_check(
            check,
            self.session,
            self.target,
            slow=slow,
            command=self.command,
            replies=self.replies,
            senders=self.senders,
        )

    def _measure_baseline(self, checks: Iterable[Check], *, slow: bool) -> None:
        """Measure this machine's own latency if one of *checks* judges latencies."""
        timed = (check for check in checks if check.measures is not None)
        if self.plan(timed, slow=slow).alone:
            self.session.measure()

    def save(self, directory: Path) -> None:
        """Write all exchanges so far to *directory*, for `open_recordings`."""
        recording.save(directory, self.header, self.profile, self.session.exchanges())
