"""Discovery of values by type in the modules of an extension point."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeVar

from contract.errors import SpecError, UsageError

# The folders that plug-ins extend.
GROUPS = ("checks", "quirks", "targets", "reporters", "exporters", "providers")
MAX_SUGGESTIONS = 3  # similar names in a message
MIN_WORD = 3  # characters of a word that counts as shared between names
_STANDARD_LIBRARY = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
# The commands that list all things of a kind.
LISTINGS = {
    "check": "list",
    "fault": "list --faults",
    "quirk": "list --quirks",
    "profile": "list --profiles",
}
MAX_LISTED = 30  # names in a message that lists them all


class Named(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """The name by which it is found."""


if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point of a third party, and the distribution that publishes it."""

    # Name of the entry point.
    name: str
    # Dotted name of the module.
    module: str
    # Name of the distribution, as package managers know it.
    distribution: str

    def __str__(self) -> str:
        return f"the plug-in {self.name!r} ({self.module}, of {self.distribution})"


def modules(folder: str) -> Iterator[ModuleType]:
    """
    Yield the modules of `contract.FOLDER`, packages included, then those of plug-ins.

    A plug-in is an entry point in the group `contract.FOLDER` that names a module.
    Raises `UsageError` that names a plug-in whose module cannot be imported.
    """
    for module, _ in _modules(folder):
        yield module


def _modules(folder: str) -> Iterator[tuple[ModuleType, Plugin | None]]:
    package = importlib.import_module(f"contract.{folder}")
    found = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    for info in sorted(found, key=lambda i: i.name):
        yield importlib.import_module(info.name), None
    for point in sorted(entry_points(group=f"contract.{folder}"), key=lambda p: p.name):
        plugin = _plugin(point)
        yield _import(plugin), plugin


def entry_points(*, group: str) -> Iterable[EntryPoint]:
    """Return the entry points of *group*, as `importlib.metadata.entry_points` does."""
    if not declares_plugins():
        return ()
    from importlib.metadata import entry_points as installed  # noqa: PLC0415

    return installed(group=group)


@cache
def declares_plugins() -> bool:
    """
    Return whether an installed distribution may have an entry point for this package.

    Importing `importlib.metadata` takes as long as importing click, so the files that
    it would read are searched first. Anything but plain directories counts as a yes.
    """
    for place in dict.fromkeys(path or os.curdir for path in sys.path):
        try:
            names = os.listdir(place)  # noqa: PTH208  # pathlib would triple the time
        except (FileNotFoundError, NotADirectoryError):
            if os.path.isfile(place) and not place.endswith(_STANDARD_LIBRARY):  # noqa: PTH113
                return True  # an archive
            continue
        except OSError:
            return True
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                path = os.path.join(place, name, "entry_points.txt")  # noqa: PTH118
                try:
                    with open(path, "rb") as file:  # noqa: PTH123
                        if b"[contract." in file.read():
                            return True
                except OSError:
                    continue
    return False


def culprit(error: BaseException) -> Plugin | None:
    """
    Return the plug-in whose code raised *error*; None if it was none's.

    That is the innermost call in a package that a plug-in belongs to.
    """
    owners: dict[str, Plugin] = {}
    for group in GROUPS:
        for point in entry_points(group=f"contract.{group}"):
            plugin = _plugin(point)
            owners.setdefault(plugin.module.partition(".")[0], plugin)
    found = None
    trace = error.__traceback__ if owners else None
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__"))
        found = owners.get(name.partition(".")[0], found)
        trace = trace.tb_next
    return found


def _plugin(point: EntryPoint) -> Plugin:
    distribution = getattr(point.dist, "name", None) or "an unknown distribution"
    return Plugin(point.name, point.value, distribution)


def _import(plugin: Plugin) -> ModuleType:
    try:
        return importlib.import_module(plugin.module)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # it may exit, or its compiled code panic
        reason = str(error) or "without a message"
        raise UsageError(
            f"T{str(plugin)[1:]} cannot be imported: {type(error).__name__}: "
            f"{reason}. Update, reinstall or remove {plugin.distribution}."
        ) from error


@cache
def _found(folder: str, kind: type[T]) -> Mapping[str, tuple[T, Plugin | None]]:
    found: dict[str, tuple[T, Plugin | None]] = {}
    owners: dict[str, str] = {}
    for module, plugin in _modules(folder):
        for value in vars(module).values():
            # Not isinstance: it asks lazy proxies, which may raise.
            if not issubclass(type(value), kind):
                continue
            if value.id in found and found[value.id][0] is not value:
                raise SpecError(
                    f"{value.id!r} is defined in {owners[value.id]} and in "
                    f"{module.__name__}; rename one of them."
                )
            # A plug-in may import a built-in value without becoming its owner.
            found.setdefault(value.id, (value, plugin))
            owners.setdefault(value.id, module.__name__)
    return found


@cache
def find(folder: str, kind: type[T]) -> Mapping[str, T]:
    """
    Return every value of *kind* in `contract.FOLDER` and its plug-ins, by id.

    Raises `SpecError` when two values share an id, and `UsageError` when the module
    of a plug-in cannot be imported.
    """
    return {name: value for name, (value, _) in _found(folder, kind).items()}


@cache
def plugins(folder: str, kind: type[T]) -> Mapping[str, Plugin]:
    """Return the plug-in of each third-party value of *kind*, by the value's id."""
    found = _found(folder, kind)
    return {name: plugin for name, (_, plugin) in found.items() if plugin is not None}


def get(what: str, name: str, known: Mapping[str, T]) -> T:
    """
    Return the value named *name* in *known*.

    *what* is the kind of thing as error messages call it, such as "profile". Raises
    `UsageError` with similar names when *name* is unknown.
    """
    if name in known:
        return known[name]
    raise UsageError(f"Unknown {what} {name!r}{suggestion(name, known, what=what)}")


def suggestion(
    name: str, known: Iterable[str], *, few: int = MAX_LISTED, what: str = ""
) -> str:
    """
    Return the end of a message about an unknown *name*: similar names, or all.

    The result is `. Did you mean 'x'?`, or the *known* names when none is similar and
    there are at most *few* of them, or else the command that lists them; *what* they
    are is needed for that, as a key of `LISTINGS`.
    """
    names = sorted(known)
    from difflib import get_close_matches  # noqa: PLC0415  # only for a wrong name

    similar = get_close_matches(name, names, n=MAX_SUGGESTIONS)
    candidates = dict.fromkeys([*similar, *_sharing_words(name, names)])
    if candidates:
        quoted = [repr(word) for word in candidates][:MAX_SUGGESTIONS]
        return ". Did you mean " + " or ".join(quoted) + "?"
    if len(names) > few:
        return (
            f"; run `magistral-contract {LISTINGS.get(what, 'list --help')}` for all."
        )
    return ". Known: " + ", ".join(names) + "."


def _sharing_words(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that share a word or its beginning with *name*, best first."""
    from difflib import SequenceMatcher  # noqa: PLC0415  # only for a wrong name

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
    return frozenset(word for word in words if len(word) >= MIN_WORD)
