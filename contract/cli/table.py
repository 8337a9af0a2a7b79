"""`table`: which engine keeps the contract, from recordings of several."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from contract.cli import options, outputs
from contract.errors import UsageError

if TYPE_CHECKING:
    from contract.cli.table_rows import Row
    from contract.model.check import Check
    from contract.model.profile import Capability, Profile

_UNSAFE = re.compile(r"[\s<>\"'`()\\\x00-\x1f\x7f]")


def _page(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Return the address of a page; raise `UsageError` if it is none."""
    try:
        scheme = urlsplit(value).scheme
    except ValueError:
        scheme = "?"
    if scheme not in {"", "http", "https"} or _UNSAFE.search(value):
        raise UsageError(
            "--checks-page must be a path or an http address without spaces, brackets "
            "and quotes, e.g. --checks-page docs/checks.md."
        )
    return value


@click.command("table")
@click.argument(
    "directories",
    metavar="DIR…",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option("--html", metavar="FILE", help="Write a page; - is standard output.")
@click.option(
    "--markdown", metavar="FILE", help="Write Markdown; - is standard output."
)
@click.option(
    "--checks-page",
    metavar="URL",
    default="",
    callback=_page,
    help="Where docs/checks.md is, for links from the checks (default: no links).",
)
@options.selection
@options.trust
@options.profile
@options.offer
@options.appearance
def table_command(  # noqa: PLR0913  # each parameter is an option
    *,
    directories: tuple[Path, ...],
    html: str | None,
    markdown: str | None,
    checks_page: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    trust_plugins: bool,
    profile: str | None,
    profiles: str | None,
    offer: frozenset[Capability],
    color: bool | None,
) -> int:
    """
    Show which engine keeps the contract: a row for each recording; send nothing.

    DIR is a folder that `verify --save DIR`, `proxy --save DIR` or `load --save DIR`
    wrote, or a folder of such folders. Each is judged by the checks of the installed
    version, as `replay` does.

    Engine and version are those that about.toml in the folder states (keys engine,
    version, started_with, remark), or else what the replies state. Identity and
    published figures are those of identity.json and claims-*.json in the folder, which
    `identify … --json FILE` and `claims … --json FILE` write; without these files they
    are not measured.

    \b
    Exit codes
      0  the table was made, whatever it says
      2  the command line or a file is wrong
    """  # noqa: D301  # click keeps the lines after \b
    from contract.cli.table_reports import REPORTERS, show

    pairs = []
    for name, path in (("html", html), ("markdown", markdown)):
        if path == "":
            raise UsageError(f"--{name} names no file; write --{name} table.html.")
        if path is not None:
            pairs.append(f"{name}={path}")
    written = outputs.destinations(pairs, REPORTERS)
    checks = options.selected(select, ignore, trust_plugins=trust_plugins)
    known = outputs.profiles(profiles)
    rows = [*read_rows(directories, checks, profile, known, offer)]
    for reporter, path in written:
        outputs.Destination(path).write(reporter.render(rows, checks_page))
    taken = any(path == "-" for _, path in written)
    show(rows, options.console(color, stderr=taken))
    return 0


def read_rows(
    directories: tuple[Path, ...],
    checks: tuple[Check, ...],
    profile: str | None,
    profiles: Mapping[str, Profile],
    offers: frozenset[Capability],
) -> Iterator[Row]:
    """
    Yield a row for each recording in *directories*, in their order.

    One is judged after the other, and of each only the results are kept. The other
    parameters are those of `open_recordings`. Raises `UsageError` if a folder holds no
    recording, holds a damaged one, or is named twice.
    """
    from contract.cli.table_rows import row
    from contract.run.beside import read_beside
    from contract.run.opening import open_recordings

    found = recorded_folders(directories)
    # Small files are read before anything is judged, so that a wrong one ends it soon.
    beside = {folder: read_beside(folder) for folder in found}
    for folder, name in found.items():
        (recording,) = open_recordings(
            folder, profile=profile, profiles=profiles, offers=offers
        )
        # Slow checks are included, because only sending their requests is slow.
        yield row(
            name,
            header=recording.initial_header,
            results=recording.results(checks, slow=True),
            exchanges=recording.session.exchanges(),
            profile=recording.profile,
            beside=beside[folder],
        )


def recorded_folders(directories: tuple[Path, ...]) -> dict[Path, str]:
    """
    Return the folders of all recordings in *directories*, and a name for each.

    The name is that of the folder, or its path if several have the same.
    """
    from contract.run.recording import folders

    found: dict[Path, Path] = {}
    for directory in directories:
        # A link such as `latest` beside the folder it points to is no second recording.
        new = {folder.resolve(): folder for folder in reversed(folders(directory))}
        for real, folder in reversed(new.items()):
            if real in found:
                other = found[real]
                also = "" if folder == other else f", also as {other}"
                raise UsageError(
                    f"The recording {folder} is named twice{also}; name each folder "
                    "once."
                )
            found[real] = folder
    names = Counter(real.name for real in found)
    return {
        folder: real.name if names[real.name] == 1 else str(folder)
        for real, folder in found.items()
    }
