"""The loop: whole runs of each target, and looks in between, when they are due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contract.run.report import Report
from contract.watching.state import Change, Condition, Watched, is_away

# Verifies a target by the checks with these ids; by all selected ones for None.
Verify = Callable[[str, Sequence[str] | None], Report]
# Whether a target is ready, by a few requests; None if that is not known.
Look = Callable[[str], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run that has ended."""

    watched: Watched
    report: Report
    changes: tuple[Change, ...]
    # Whether all selected checks were asked, and not only those of a quick run.
    whole: bool = True


@dataclass(slots=True, kw_only=True)
class _Due:
    """When a target is to be verified next, in seconds of the clock."""

    whole: float
    quick: float
    runs: int = 0


@dataclass(slots=True, kw_only=True)
class Loop:
    """
    Verifies targets again and again, one at a time.

    Usage::

        loop = Loop(targets={"mock": Watched(target="mock")}, verify=…, every=300.0,
                    on_run=print)
        loop.run()
    """

    # The state of each target, by the target as it is verified.
    targets: dict[str, Watched]
    # Verifies; raises nothing for a target that is away.
    verify: Verify
    # Called after each whole run, and after a quick one that changed something.
    on_run: Callable[[Run], None]
    # Seconds from the beginning of one whole run to the next.
    every: float
    # Seconds between two looks whether a target is ready; None for none.
    quick: float | None = None
    look: Look = lambda _: None
    # The number of whole runs of each target; None for no end.
    runs: int | None = None
    # Whether to end with the first change.
    until_change: bool = False
    # Seconds before a target that is away is tried once more.
    second_look: float = 1.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], str] = lambda: datetime.now(UTC).isoformat(timespec="seconds")
    _due: dict[str, _Due] = field(default_factory=dict)

    def run(self) -> tuple[Change, ...]:
        """
        Verify until the number of runs is reached, or the first change if asked for.

        Returns the changes of the last run. A `KeyboardInterrupt` passes through.
        """
        start = self.clock()
        quick = start + self.quick if self.quick else float("inf")
        self._due = {name: _Due(whole=start, quick=quick) for name in self.targets}
        while self._due:
            name = min(self._due, key=self._next)
            due = self._due[name]
            if (wait := self._next(name) - self.clock()) > 0:
                self.sleep(wait)
            if due.whole <= due.quick or due.whole <= self.clock():
                changes = self._whole(name, due)
            else:
                changes = self._quick(name, due)
            if changes and self.until_change:
                return changes
            if self.runs is not None and due.runs >= self.runs:
                del self._due[name]
        return ()

    def _next(self, name: str) -> float:
        return min(self._due[name].whole, self._due[name].quick)

    def _whole(self, name: str, due: _Due) -> tuple[Change, ...]:
        watched = self.targets[name]
        begun = self.clock()
        report = self.verify(name, None)
        changes = self._settled(name, report)
        due.runs += 1
        # A run that takes longer than the period is followed by the next at once; what
        # was missed meanwhile is not made up for.
        due.whole = max(begun + self.every, self.clock())
        if self.quick:
            due.quick = self.clock() + self.quick
        self.on_run(Run(watched=watched, report=report, changes=changes))
        return changes

    def _quick(self, name: str, due: _Due) -> tuple[Change, ...]:
        """Look whether *name* is ready; a doubt makes a whole run due at once."""
        watched = self.targets[name]
        ready = self.look(name)
        due.quick = self.clock() + (self.quick or 0)
        away = watched.condition is Condition.AWAY
        if ready is None or (ready and not away):
            return ()  # not known, or as it was
        if not ready:
            report = self.verify(name, ())
            if is_away(report) and away:
                return ()
            if is_away(report):
                changes = self._settled(name, report)
                self.on_run(
                    Run(watched=watched, report=report, changes=changes, whole=False)
                )
                return changes
            if watched.condition not in {Condition.PASSING, Condition.AWAY}:
                return ()  # what is known to fail may well not be ready
        due.whole = self.clock()
        return ()

    def _settled(self, name: str, report: Report) -> tuple[Change, ...]:
        """Return the changes in *report*, once they are confirmed."""
        watched = self.targets[name]
        again: Report | None = None
        if is_away(report):
            if watched.condition is not Condition.AWAY:
                self.sleep(self.second_look)
                again = self.verify(name, ())
        elif names := watched.to_repeat(report):
            again = self.verify(name, names)
        return watched.settle(report, again, at=self.now())


def conditions(targets: Iterable[Watched]) -> int:
    """Return an exit code: 1 if a target fails, 3 if one is away or unknown, else 0."""
    found = {one.condition for one in targets}
    if Condition.FAILING in found:
        return 1
    return 0 if found <= {Condition.PASSING} else 3
