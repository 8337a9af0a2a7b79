"""Output of a finished report, to the terminal and to the requested files."""

from __future__ import annotations

from dataclasses import replace

import click

from contract.cli import options
from contract.cli.outputs import Output, write_all
from contract.model.redaction import sanitise
from contract.reporters.console import show
from contract.run.report import Report

INTERRUPTED = 130
# The exit codes of targets and files from the worst to the best.
WORST_FIRST = (INTERRUPTED, 4, 2, 1, 3, 0)


def worst(*codes: int) -> int:
    """Return the worst of the exit *codes* of a run, with which it exits."""
    return next(code for code in WORST_FIRST if code in codes)


def deliver(  # noqa: PLR0913  # each parameter is an option of the command line
    report: Report,
    outputs: tuple[Output, ...],
    *,
    quiet: bool,
    verbose: bool,
    color: bool | None,
    explained: frozenset[str] = frozenset(),
) -> int:
    """
    Write the files, then print the report and the errors of its targets.

    The files come first, because a pager may keep the text from being printed to its
    end. If one of the reports goes to standard output, the text is printed to
    standard error. A file that cannot be written costs no other file and no text: it
    is one sentence at the end. An interrupt while they are written is raised once they
    are.

    Returns 0, or the exit code of the worst error of a file: 2, or 4 if the reporter
    is broken.

    Args:
        report: The report.
        outputs: The files to write.
        quiet: Whether to print only the verdict of each target.
        verbose: Whether to list passed and skipped checks one by one too.
        color: Whether to use colour; None decides by the terminal.
        explained: The targets that need no section, because their error is all there
            is to report.
    """
    standard_output_taken = any(output.path == "-" for output in outputs)
    try:
        errors = write_all(outputs, report)
    except KeyboardInterrupt:
        # What was judged is in the files even so; a second Ctrl-C ends this, too.
        write_all((one for one in outputs if one.path != "-"), report)
        raise
    headers = tuple(h for h in report.headers if h.target not in explained)
    if headers or report.results or not report.headers:
        console = options.console(color, stderr=standard_output_taken)
        shown = replace(report, headers=headers)
        show(shown, console, verbose=verbose, quiet=quiet)
    for header in report.headers:
        if header.trouble:
            name = f"{header.target}: " if len(report.headers) > 1 else ""
            # The message of a `ContractError`: a sentence, then the lines of a log.
            sentence, *log = header.trouble.split("\n")
            lines = [f"error: {sanitise(name + sentence)}"]
            lines += [f"  {sanitise(line.strip())}" for line in log]
            click.echo("\n".join(lines), err=True)
    for error in errors:
        click.echo(f"error: {error}", err=True)
    return max((error.exit_code for error in errors), default=0)
