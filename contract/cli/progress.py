"""Progress display while a target is being judged."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from contract.cli import options
from contract.model.escape import escape_controls
from contract.run.report import Outcome, Result

NARROWEST, WIDEST = 10, 40  # columns of the name of a target
RESERVED = 66  # columns of everything else
ROOMY = 100  # columns of a terminal with room for a longer bar


class Progress:
    """
    One line on the terminal: requests sent and planned, failures so far, time left.

    It is written to standard error, so that the output can be piped, and erased at
    the end. Nothing is shown if standard error is not a terminal. What does not fit
    beside it is cut from the name of the target.
    """

    def __init__(  # noqa: PLR0913  # each is one thing to show, or how
        self,
        target: str,
        checks: int,
        *,
        color: bool | None,
        quiet: bool,
        number: int = 1,
        of: int = 1,
    ) -> None:
        """
        Prepare the line; it is shown on entering the context.

        Args:
            target: The target, as it is named in reports.
            checks: The number of checks to judge.
            color: Whether to use colour; None decides by the terminal.
            quiet: Whether to show nothing.
            number: The number of the target, from 1.
            of: The number of targets.
        """
        console = options.console(color, stderr=True)
        self._checks = checks
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=6 if console.width < ROOMY else 24),
            TextColumn("{task.fields[requests]}", markup=False),
            TextColumn("{task.fields[judged]}", markup=False),
            _Left(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        place = f"{number}/{of} " if of > 1 else ""
        room = min(max(console.width - RESERVED - len(place), NARROWEST), WIDEST)
        name = Text(escape_controls(target))
        name.truncate(room, overflow="ellipsis")
        self._task = self._bar.add_task(
            place + name.plain, total=None, requests="opening", judged=""
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def announce(self, text: str) -> None:
        """Print *text* in a line of its own, also where no progress is shown."""
        if not self._quiet:
            self._bar.console.print(Text(escape_controls(text)), soft_wrap=True)

    def sent(self, sent: int, planned: int) -> None:
        """Show that *sent* of *planned* requests were sent; thread-safe."""
        self._bar.update(
            self._task,
            completed=sent,
            total=planned,
            requests=f"{sent}/{planned} sent",
        )

    def judged(self, result: Result) -> None:
        """Count *result* as judged; failures are shown before all else."""
        self._counts[_label(result)] += 1
        failed = [
            f"{number} {label}"
            for label, number in sorted(self._counts.items())
            if label not in QUIET
        ]
        done = f"{self._counts.total()}/{self._checks} checks"
        self._bar.update(self._task, judged=", ".join(failed or [done]))


class _Left(TextColumn):
    """The time that the requests left will take at the present pace, or so far."""

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def render(self, task: Task) -> Text:
        """Return the estimate, once there is one; until then the time so far."""
        seconds = task.time_remaining
        if seconds is None or not task.completed or task.finished:
            return Text(f"{_clock(task.elapsed or 0.0)} so far", "dim")
        return Text(f"{_clock(seconds)} left", "cyan")


def _clock(seconds: float) -> str:
    """Return a time as minutes and seconds, such as `1:05`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _label(result: Result) -> str:
    """Return the outcome in the words of a verdict: `passed`, `MUST failed`."""
    if result.outcome is Outcome.FAIL:
        return f"{result.check.level} failed"
    return _LABELS[result.outcome]


QUIET = {"passed", "waived", "skipped"}  # outcomes that need no attention
_LABELS = {
    Outcome.PASS: "passed",
    Outcome.WAIVED: "waived",
    Outcome.SKIP: "skipped",
    Outcome.ERROR: "inconclusive",
}
