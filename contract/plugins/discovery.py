"""Finds the values of a type that the modules of a shelf define."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Protocol, TypeVar

from contract.errors import (
    SpecError,
    UsageError,
)

MOST = 3  # names to suggest
WORD = 3  # letters that say something
A_FEW = 30  # names that still make a readable message


class Named(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """Its name in the catalogue."""


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point of a third party, and the distribution that publishes it."""

    name: str
    module: str
    distribution: str

    def __str__(self) -> str:
        return f"the plug-in {self.name!r} ({self.module}, of {self.distribution})"


def modules(shelf: str) -> Iterator[ModuleType]:
    """
    The modules of `contract.SHELF`, packages included, then those of plug-ins.

    Third parties publish an entry point in the group `contract.SHELF` that names a
    module. Raises `UsageError` that names a plug-in whose module cannot be imported.
    """
    for module, _ in _modules(shelf):
        yield module


def _modules(shelf: str) -> Iterator[tuple[ModuleType, Plugin | None]]:
    package = importlib.import_module(f"contract.{shelf}")
    found = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    for info in sorted(found, key=lambda i: i.name):
        yield importlib.import_module(info.name), None
    for point in sorted(entry_points(group=f"contract.{shelf}"), key=lambda p: p.name):
        distribution = getattr(point.dist, "name", None) or "an unknown distribution"
        plugin = Plugin(point.name, point.value, distribution)
        yield _imported(plugin), plugin


def _imported(plugin: Plugin) -> ModuleType:
    try:
        return importlib.import_module(plugin.module)
    except Exception as error:
        reason = str(error) or "without a message"
        raise UsageError(
            f"{str(plugin).capitalize()} cannot be imported: {type(error).__name__}: "
            f"{reason}. Update, reinstall or remove {plugin.distribution}."
        ) from error


@cache
def _found(shelf: str, kind: type[T]) -> Mapping[str, tuple[T, Plugin | None]]:
    found: dict[str, tuple[T, Plugin | None]] = {}
    owners: dict[str, str] = {}
    for module, plugin in _modules(shelf):
        for value in vars(module).values():
            if not isinstance(value, kind):
                continue
            if value.id in found and found[value.id][0] is not value:
                raise SpecError(
                    f"{value.id!r} is defined in {owners[value.id]} and in "
                    f"{module.__name__}; rename one of them."
                )
            # A plug-in may import a built-in value; that does not make it its own.
            found.setdefault(value.id, (value, plugin))
            owners.setdefault(value.id, module.__name__)
    return found


@cache
def find(shelf: str, kind: type[T]) -> Mapping[str, T]:
    """Every value of *kind* on *shelf*, by id; one id means one value."""
    return {name: value for name, (value, _) in _found(shelf, kind).items()}


@cache
def plugins(shelf: str, kind: type[T]) -> Mapping[str, Plugin]:
    """The plug-in that each third-party value of *kind* comes from, by its id."""
    found = _found(shelf, kind)
    return {name: plugin for name, (_, plugin) in found.items() if plugin is not None}


def get(what: str, name: str, known: Mapping[str, T]) -> T:
    """The value named *name*; `UsageError` with the nearest names when unknown."""
    if name in known:
        return known[name]
    raise UsageError(f"Unknown {what} {name!r}{suggestion(name, known)}")


def suggestion(name: str, known: Iterable[str], *, few: int = A_FEW) -> str:
    """`. Did you mean 'x'?`, or up to *few* known names when nothing is close."""
    names = sorted(known)
    spelled = difflib.get_close_matches(name, names, n=MOST)
    close = dict.fromkeys([*spelled, *_sharing(name, names)])
    if close:
        meant = [repr(word) for word in close][:MOST]
        return ". Did you mean " + " or ".join(meant) + "?"
    if len(names) > few:
        return "; `magistral-contract list --help` says how to see all."
    return ". Known: " + ", ".join(names) + "."


def _sharing(name: str, names: Iterable[str]) -> list[str]:
    """The names with a word of *name* in them, or one that begins alike; best first."""
    wanted = _words(name)
    shared = {
        other: sum(
            any(word.startswith(part) or part.startswith(word) for word in words)
            for part in wanted
        )
        for other in names
        if (words := _words(other))
    }
    found = [other for other, count in shared.items() if count]
    return sorted(
        found,
        key=lambda other: (-shared[other], -SequenceMatcher(None, name, other).ratio()),
    )


def _words(name: str) -> frozenset[str]:
    words = re.split(r"[^a-z0-9]+", name.lower())
    return frozenset(word for word in words if len(word) >= WORD)
