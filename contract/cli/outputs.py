"""The files a run reads and writes beside what it prints: reports, own profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.errors import (
    SpecError,
    UsageError,
)
from contract.model.profile import (
    Profile,
    parse,
)
from contract.plugins.discovery import (
    find,
    get,
)
from contract.reporters.base import Reporter
from contract.run.report import Report


@dataclass(frozen=True, slots=True)
class Output:
    """A report to write: its kind, and a path or `-`."""

    reporter: Reporter
    path: str

    def prepare(self) -> None:
        """Find out now, not after the run, that the file cannot be written."""
        if self.path == "-":
            return
        path = Path(self.path)
        existed = path.exists()
        try:
            with path.open("ab"):
                pass
            if not existed:
                path.unlink()
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, report: Report) -> None:
        """Write *report*; `-` is standard output."""
        text = self.reporter.render(report)
        if self.path == "-":
            click.echo(text, nl=False)
            return
        path = Path(self.path)
        try:
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"The report {str(path)!r} cannot be written: {error.strerror}. "
        "Name a file in an existing folder you may write to."
    )


def outputs(pairs: Iterable[str]) -> tuple[Output, ...]:
    """`KIND=PATH` as outputs that are known to be writable."""
    found = []
    for pair in pairs:
        kind, equals, path = pair.partition("=")
        reporters = find("reporters", Reporter)
        reporter = get("report", kind, reporters)
        if not (equals and path):
            raise UsageError(
                f"--report {pair} says no file; write --report "
                f"{kind}=report{reporter.suffix} (or {kind}=- for standard output)."
            )
        found.append(Output(reporter, path))
    if sum(output.path == "-" for output in found) > 1:
        raise UsageError("Only one report can go to standard output (-).")
    for output in found:
        output.prepare()
    return tuple(found)


def folder(path: str) -> Path:
    """*path* as a folder that exists and can be written to."""
    made = Path(path)
    try:
        made.mkdir(parents=True, exist_ok=True)
        (made / ".writable").touch()
        (made / ".writable").unlink()
    except OSError as error:
        raise UsageError(
            f"Nothing can be saved in {path!r}: {error.strerror}. "
            "Name a folder you may write to."
        ) from error
    return made


def profiles(path: str | None) -> Mapping[str, Profile]:
    """The built-in profiles, and over them those of the TOML file *path*."""
    if path is None:
        return builtin()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"The profiles in {path!r} cannot be read: {why}.") from error
    try:
        own = parse(text, dialects(), builtin())
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    return {**builtin(), **own}
