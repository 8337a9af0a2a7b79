"""The history of a command: opened before the run, written before its report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from contract.cli.delivery import INTERRUPTED
from contract.errors import ContractError, UsageError
from contract.reporters.changes import known_failures
from contract.run.report import Report

if TYPE_CHECKING:
    from contract.history.store import History, Kept


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Where a command stores its runs, if anywhere.

    Usage::

        memory = Memory.prepare(history, fail_on)   # before anything is sent
        report, code = memory.keep(report, "verify")   # before anything is printed
    """

    # The place that `--history` names; None without one.
    place: str | None
    # Whether only what is new fails the run.
    only_new: bool = False

    @classmethod
    def prepare(
        cls, place: str | None, fail_on: str, *, baseline: bool = False
    ) -> Memory:
        """
        Return where to store runs, once it has been opened.

        With a *baseline*, what is new is what it does not have; otherwise what the last
        run of the history does not have.

        Raises `UsageError` if *place* is malformed, or its database needs a package
        that is missing. That it cannot be used now is only said: the run is worth
        more, and the history may be there again at its end.
        """
        if place is None:
            if fail_on == "new" and not baseline:
                raise UsageError(
                    "--fail-on new needs a run to compare with; add --history FILE or "
                    "--baseline REPORT."
                )
            return cls(None, only_new=fail_on == "new")
        ensure_installed()
        from contract.history.database import HistoryUnavailable

        try:
            opened(place).close()
        except HistoryUnavailable as error:
            click.echo(f"warning: {error} The run is verified all the same.", err=True)
        return cls(place, only_new=fail_on == "new")

    def keep(self, report: Report, kind: str) -> tuple[Report, int]:
        """
        Store *report*; return it with what changed, and 0 or the exit code of an error.

        The runs are committed when this returns. If they cannot be stored, the error
        is printed, the report is returned as it is, and the exit code is 2.
        """
        if self.only_new:
            report = replace(report, known=known_failures(report))
        if self.place is None:
            return report, 0
        try:
            history = opened(self.place)
            kept = history.add(report, kind=kind, only_new=self.only_new)
            history.close()
        except ContractError as error:
            click.echo(f"error: the run is not stored: {error}", err=True)
            return report, error.exit_code
        except KeyboardInterrupt:
            click.echo("error: the run is not stored: interrupted.", err=True)
            return report, INTERRUPTED
        headers = tuple(
            replace(
                header,
                notes=(
                    *header.notes,
                    _stored(kept, header.target, history.name),
                ),
            )
            if header.target in kept.ids
            else header
            for header in kept.report.headers
        )
        return replace(kept.report, headers=headers), 0


def _stored(kept: Kept, target: str, name: str) -> str:
    earlier = kept.earlier.get(target)
    since = "" if earlier is None else f", compared with run {earlier}"
    return f"stored as run {kept.ids[target]} of {name}{since}"


def opened(place: str, *, read_only: bool = False) -> History:
    """Return the history at *place*; raise `UsageError` as `History.open` does."""
    ensure_installed()
    from contract.history.store import History

    return History.open(place, read_only=read_only)


def ensure_installed() -> None:
    """Raise `UsageError` if SQLAlchemy, with which histories are kept, is missing."""
    if find_spec("sqlalchemy") is None:
        raise UsageError(
            "A history needs SQLAlchemy: run python -m pip install -e '.[history]' in "
            "the cloned repository."
        )
