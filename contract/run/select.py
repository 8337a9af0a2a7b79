"""Selection of checks by id, family or pattern."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from contract.errors import UsageError
from contract.plugins.discovery import suggestion


class Selectable(Protocol):
    """A check, or what a listing says about one."""

    @property
    def id(self) -> str:
        """The id, `family.name`."""

    @property
    def family(self) -> str:
        """The part of the id before the dot."""


S = TypeVar("S", bound=Selectable)


def select(
    checks: Iterable[S], chosen: Iterable[str] = (), ignored: Iterable[str] = ()
) -> tuple[S, ...]:
    """
    Return the *checks* that are chosen and not ignored, in their original order.

    Args:
        checks: The checks to select from.
        chosen: Names of the checks to keep; all are kept if no name is given.
        ignored: Names of the checks to leave out.

    A name is an id, a family or a pattern such as `*.usage*`. Raises `UsageError` if
    a name matches no check, so that a typing error cannot pass as a green run, and if
    no check is left.
    """
    known = tuple(checks)
    wanted = [_matching(known, name) for name in chosen]
    unwanted = [_matching(known, name) for name in ignored]
    kept = tuple(
        check
        for check in known
        if (not wanted or any(check.id in ids for ids in wanted))
        and not any(check.id in ids for ids in unwanted)
    )
    if not kept:
        raise UsageError("No check is left to run; ignore fewer or select more.")
    return kept


def _matching(checks: tuple[S, ...], name: str) -> frozenset[str]:
    """Return the ids of the checks that *name* matches."""
    found = frozenset(
        check.id
        for check in checks
        if name == check.family or fnmatchcase(check.id, name)
    )
    if not found:
        names = {check.id for check in checks} | {check.family for check in checks}
        near = suggestion(name, names, what="check")
        raise UsageError(f"No check matches {name!r}{near}")
    return found
