"""`import`: the report of an API client becomes a report of this program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from contract.cli import options
from contract.cli.delivery import deliver, worst
from contract.cli.outputs import Output
from contract.importers.files import import_report


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@options.reporting
def import_command(  # noqa: PLR0913  # each parameter is an option
    *,
    file: Path,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
) -> int:
    """
    Read the report of an API client on a collection that `export` wrote.

    \b
    FILE is one of
      newman run … -r json           every test with its outcome
      apidog run … -r json           failures; the other tests count as passed
      newman or apidog … -r junit    every test with its outcome
      verify … --report json=FILE    to write other kinds of report of it

    Nothing is judged again: what a test said is the result of its check, and the exit
    codes are those of `verify`. API keys in FILE are masked.
    """  # noqa: D301  # click keeps the lines after \b
    found = import_report(file, strict=strict)
    whole = replace(found, strict=found.strict or strict)
    undelivered = deliver(whole, report, quiet=quiet, verbose=verbose, color=color)
    return worst(whole.exit_code, undelivered)
