"""
The listing of all checks, without importing them.

Importing 337 checks takes longer than everything else that `list` does, so what it
prints is cached, and computed again when a file of the package changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from contract.files.derived import derived
from contract.plugins.discovery import declares_plugins

_PACKAGE = Path(__file__).resolve().parent.parent


class Entry(NamedTuple):
    """What a listing says about one check."""

    id: str
    # MUST, SHOULD or MAY.
    level: str
    requirement: str
    source: str
    # Values of the capabilities it needs, sorted.
    needs: tuple[str, ...]
    # The entry of a profile's `tolerates` that exempts from it; empty if there is none.
    unless: str
    slow: bool

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


def entries() -> tuple[Entry, ...]:
    """Return the entries of all checks, those of plug-ins included."""
    if declares_plugins():
        return tuple(Entry(*row) for row in _rows())
    rows = derived(tuple(_sources()), __file__, _rows, "checks")
    return tuple(Entry(*row) for row in rows)


def _rows() -> tuple[tuple[str, str, str, str, tuple[str, ...], str, bool], ...]:
    from contract.model.check import Check  # noqa: PLC0415  # the point of the cache
    from contract.plugins.discovery import find  # noqa: PLC0415

    return tuple(
        (
            check.id,
            check.level.value,
            check.requirement,
            check.source,
            tuple(sorted(need.value for need in check.needs)),
            check.unless or "",
            check.slow,
        )
        for check in find("checks", Check).values()
    )


def _sources() -> Iterator[Path]:
    """Yield every Python file of the package that a check may depend on."""
    for folder in ("checks", "model", "strategies", "tokens"):
        for place, _, names in os.walk(_PACKAGE / folder):
            yield from (Path(place, n) for n in sorted(names) if n.endswith(".py"))
