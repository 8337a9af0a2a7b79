"""Progress display while a target is being judged."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from contract.cli import options
from contract.model.escape import escape_controls
from contract.run.report import Outcome, Result


class Progress:
    """
    One line on the terminal: requests sent and planned, checks judged, time.

    It is written to standard error, so that the output can be piped, and erased at
    the end. Nothing is shown if standard error is not a terminal.
    """

    def __init__(
        self, target: str, checks: int, *, color: bool | None, quiet: bool
    ) -> None:
        """
        Prepare the line; it is shown on entering the context.

        Args:
            target: The target, as it is named in reports.
            checks: The number of checks to judge.
            color: Whether to use colour; None decides by the terminal.
            quiet: Whether to show nothing.
        """
        console = options.console(color, stderr=True)
        self._checks = checks
        self._counts: Counter[str] = Counter()
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[requests]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[judged]}", markup=False),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        name = Text(escape_controls(target))
        name.truncate(40, overflow="ellipsis")
        self._task = self._bar.add_task(
            name.plain, total=None, requests="opening", judged=""
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

    def sent(self, sent: int, planned: int) -> None:
        """Show that *sent* of *planned* requests were sent; thread-safe."""
        self._bar.update(
            self._task,
            completed=sent,
            total=planned,
            requests=f"{sent}/{planned} requests",
        )

    def judged(self, result: Result) -> None:
        """Count *result* as judged."""
        self._counts[_label(result)] += 1
        counts = ", ".join(f"{n} {label}" for label, n in self._counts.items())
        done = self._counts.total()
        self._bar.update(self._task, judged=f"{done}/{self._checks} checks: {counts}")


def _label(result: Result) -> str:
    """Return the outcome in the words of a verdict: `passed`, `SHOULD failed`."""
    if result.outcome is Outcome.FAIL:
        return f"{result.check.level} failed"
    return _LABELS[result.outcome]


_LABELS = {
    Outcome.PASS: "passed",
    Outcome.WAIVED: "waived",
    Outcome.SKIP: "skipped",
    Outcome.ERROR: "inconclusive",
}
