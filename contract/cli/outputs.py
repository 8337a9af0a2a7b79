"""Files of a run: reports, folders of recordings, the user's profiles."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.cli.streams import print_report
from contract.errors import ContractError, ReporterError, SpecError, UsageError
from contract.files.bounded import MOST_CONFIGURED, read_bounded
from contract.files.replacing import replace_file
from contract.model.profile import Profile, parse
from contract.plugins.discovery import culprit, find, get
from contract.reporters.base import Reporter
from contract.run.report import Report


class Kind(Protocol):
    """A kind of report."""

    @property
    def id(self) -> str:
        """The name of the kind."""

    @property
    def suffix(self) -> str:
        """The usual file name extension, with its dot."""


K = TypeVar("K", bound=Kind)
MOST_SUMMARY = 1 << 20  # bytes of the job summaries of one step
_CUT = b"\nThe rest does not fit into the job summary.\n"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a text goes."""

    # The path of the file; `-` is standard output.
    path: str

    @property
    def real_path(self) -> Path:
        """The path with links followed, as `replace_file` does."""
        return Path(os.path.realpath(self.path))

    def prepare(self) -> None:
        """Raise `UsageError` before the run if the file cannot be written."""
        if self.path == "-":
            return
        path = self.real_path
        existed = path.exists()
        if existed and not (path.is_file() or path.is_dir()):
            return  # opening a pipe would wait for its reader
        try:
            with path.open("ab"):
                pass
            if not existed:
                path.unlink()
        except OSError as error:
            raise _unwritable(Path(self.path), error) from error

    def write(self, text: str, commands: Collection[str] = ()) -> None:
        """
        Write *text*: an existing file is replaced once the new one is on the disk.

        The job summary of GitHub Actions is not replaced: other commands of the same
        step write to it, too. *commands* are those of GitHub Actions that lines of the
        text may be. Raises `UsageError` if the file cannot be written, and
        `UnicodeEncodeError` for a lone surrogate.
        """
        if self.path == "-":
            print_report(text, commands)
            return
        path = Path(self.path)
        try:
            if _is_job_summary(path):
                _append(path, text)
            else:
                replace_file(path, text.encode())
        except OSError as error:
            raise _unwritable(path, error) from error


@dataclass(frozen=True, slots=True)
class Output:
    """A report to write."""

    # The kind of report.
    reporter: Reporter
    # The path of the file; `-` is standard output.
    path: str

    def prepare(self) -> None:
        """Raise `UsageError` before the run if the file cannot be written."""
        Destination(self.path).prepare()

    def _broken(self, error: Exception) -> ReporterError:
        plugin = culprit(error)
        return ReporterError(self.reporter.id, error, str(plugin) if plugin else "")

    def write(self, report: Report) -> None:
        """
        Write *report* as `Destination.write` does.

        Raises `UsageError` if the file cannot be written, and `ReporterError` if the
        reporter raises.
        """
        try:
            text = self.reporter.render(report)
        except Exception as error:
            raise self._broken(error) from error
        try:
            Destination(self.path).write(text, self.reporter.commands)
        except UnicodeEncodeError as error:
            raise self._broken(error) from error


def write_all(outputs: Iterable[Output], report: Report) -> tuple[ContractError, ...]:
    """
    Write *report* to each of the *outputs*; return the errors of those that failed.

    One that cannot be written costs no other.
    """
    errors = []
    for output in outputs:
        try:
            output.write(report)
        except ContractError as error:
            errors.append(error)
    return tuple(errors)


def _is_job_summary(path: Path) -> bool:
    """Return whether *path* is where GitHub Actions reads the summary of the step."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    return bool(summary) and os.path.realpath(path) == os.path.realpath(str(summary))


def _append(path: Path, text: str) -> None:
    """
    Append to the job summary *path* as many lines of *text* as GitHub accepts.

    Of more than 1 MiB for a step it shows nothing (docs.github.com, "Workflow commands
    for GitHub Actions", step isolation and limits).
    """
    data = text.encode()
    room = MOST_SUMMARY - (path.stat().st_size if path.exists() else 0)
    if len(data) > room:
        whole = data[: max(0, room - len(_CUT))].rpartition(b"\n")
        data = whole[0] + whole[1] + _CUT if room >= len(_CUT) else b""
    with path.open("ab") as file:
        file.write(data)


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"The report {str(path)!r} cannot be written: {error.strerror}. "
        "Name a file in an existing, writable folder."
    )


def outputs(pairs: Iterable[str]) -> tuple[Output, ...]:
    """
    Return the outputs that `KIND=PATH` pairs describe.

    Raises `UsageError` if a pair is malformed, a kind is unknown, a file cannot be
    written or several reports go to standard output.
    """
    reporters = find("reporters", Reporter)
    return tuple(Output(kind, path) for kind, path in destinations(pairs, reporters))


def destinations(
    pairs: Iterable[str], kinds: Mapping[str, K]
) -> tuple[tuple[K, str], ...]:
    """
    Return the kind and the path of each `KIND=PATH` of *pairs*.

    *kinds* are the known kinds by name. Raises `UsageError` as `outputs` does.
    """
    found = []
    for pair in pairs:
        name, equals, path = pair.partition("=")
        kind = get("report", name, kinds)
        if not (equals and path):
            raise UsageError(
                f"--report {pair} names no file; write --report "
                f"{name}=report{kind.suffix} (or {name}=- for standard output)."
            )
        found.append((kind, path))
    if sum(path == "-" for _, path in found) > 1:
        raise UsageError("Only one report can go to standard output (-).")
    taken: set[Path] = set()
    for _, path in found:
        file = Destination(path).real_path
        # A pipe or a device takes whatever it is given, as the job summary does.
        replaced = file.is_file() or not file.exists()
        if file in taken and replaced and not _is_job_summary(file):
            raise UsageError(
                f"Two reports would be written to {path!r}, one over the other; "
                "name a file for each."
            )
        taken.add(file)
    for _, path in found:
        Destination(path).prepare()
    return tuple(found)


def folder(path: str) -> Path:
    """Create the folder *path* if needed; raise `UsageError` if it is not writable."""
    created = Path(path)
    try:
        created.mkdir(parents=True, exist_ok=True)
        (created / ".writable").touch()
        (created / ".writable").unlink()
    except OSError as error:
        raise UsageError(
            f"Nothing can be saved in {path!r}: {error.strerror}. "
            "Name a writable folder."
        ) from error
    return created


def profiles(path: str | None) -> Mapping[str, Profile]:
    """
    Return the built-in profiles, overridden by those of the TOML file *path*, by id.

    Raises `UsageError` if the file cannot be read and `SpecError` if a profile in it
    is wrong.
    """
    if path is None:
        return builtin()
    try:
        text = read_bounded(Path(path), MOST_CONFIGURED).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"The profiles in {path!r} cannot be read: {why}.") from error
    try:
        own = parse(text, dialects(), builtin())
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    return {**builtin(), **own}
