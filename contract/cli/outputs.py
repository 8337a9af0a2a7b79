"""Files of a run: reports, folders of recordings, the user's profiles."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.errors import ContractError, ReporterError, SpecError, UsageError
from contract.files.bounded import MOST_CONFIGURED, read_bounded
from contract.files.replacing import replace_file
from contract.model.profile import Profile, parse
from contract.plugins.discovery import culprit, find, get
from contract.reporters.base import Reporter
from contract.run.report import Report


@dataclass(frozen=True, slots=True)
class Output:
    """A report to write."""

    # The kind of report.
    reporter: Reporter
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

    def _broken(self, error: Exception) -> ReporterError:
        plugin = culprit(error)
        return ReporterError(self.reporter.id, error, str(plugin) if plugin else "")

    def write(self, report: Report) -> None:
        """
        Write *report*: an existing file is replaced once the new one is on the disk.

        Raises `UsageError` if the file cannot be written, and `ReporterError` if the
        reporter raises.
        """
        try:
            text = self.reporter.render(report)
        except Exception as error:
            raise self._broken(error) from error
        if self.path == "-":
            click.echo(text, nl=False)
            return
        path = Path(self.path)
        try:
            replace_file(path, text.encode())
        except OSError as error:
            raise _unwritable(path, error) from error
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
    found = []
    for pair in pairs:
        kind, equals, path = pair.partition("=")
        reporters = find("reporters", Reporter)
        reporter = get("report", kind, reporters)
        if not (equals and path):
            raise UsageError(
                f"--report {pair} names no file; write --report "
                f"{kind}=report{reporter.suffix} (or {kind}=- for standard output)."
            )
        found.append(Output(reporter, path))
    if sum(output.path == "-" for output in found) > 1:
        raise UsageError("Only one report can go to standard output (-).")
    taken: set[Path] = set()
    for output in found:
        file = output.real_path
        # A pipe or a device takes whatever it is given.
        if file in taken and (file.is_file() or not file.exists()):
            raise UsageError(
                f"Two reports would be written to {output.path!r}, one over the other; "
                "name a file for each."
            )
        taken.add(file)
    for output in found:
        output.prepare()
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
