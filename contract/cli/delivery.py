"""Hands a finished report over: to the terminal, and to the files asked for."""

from __future__ import annotations

from dataclasses import replace

import click

from contract.cli import options
from contract.cli.outputs import Output
from contract.reporters.base import escape_controls
from contract.reporters.console import show
from contract.run.report import Report


def deliver(  # noqa: PLR0913  # the switches of the command line, all by name
    report: Report,
    outputs: tuple[Output, ...],
    *,
    quiet: bool,
    verbose: bool,
    color: bool | None,
    told: frozenset[str] = frozenset(),
) -> None:
    """
    Write the files first: whoever pages through the text may never come to its end.

    A report on standard output has it to itself; people then read standard error.
    The *told* targets need no section: their error says all there is.
    """
    piped = any(output.path == "-" for output in outputs)
    for output in outputs:
        output.write(report)
    headers = tuple(h for h in report.headers if h.target not in told)
    if headers or report.results or not report.headers:
        console = options.console(color, stderr=piped)
        shown = replace(report, headers=headers)
        show(shown, console, verbose=verbose, quiet=quiet)
    for header in report.headers:
        if header.trouble:
            name = f"{header.target}: " if len(report.headers) > 1 else ""
            # The end of a server's log has lines of its own.
            lines = (name + header.trouble).split("\n")
            click.echo("error: " + "\n".join(map(escape_controls, lines)), err=True)
