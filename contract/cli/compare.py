"""`compare`: show what changed between two recordings or JSON reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click
from rich.text import Text

from contract.cli import completion, options, outputs
from contract.cli.comparing import REPORTERS, ComparisonReporter
from contract.cli.delivery import worst
from contract.errors import ContractError
from contract.model.check import Check
from contract.model.escape import escape_controls
from contract.model.profile import Capability
from contract.reporters.console import changes
from contract.run.compare import (
    Comparison,
    TargetRun,
    compare_runs,
    exit_code,
)
from contract.run.report import Outcome


def _written(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> tuple[tuple[ComparisonReporter, str], ...]:
    return outputs.destinations(pairs, REPORTERS)


@click.command("compare")
@click.argument("before", metavar="BEFORE", type=click.Path(path_type=Path))
@click.argument("after", metavar="AFTER", type=click.Path(path_type=Path))
@options.selection
@options.trust
@options.profile
@options.budget
@options.offer
@click.option("-v", "--verbose", is_flag=True, help="List newly judged checks too.")
@click.option(
    "--report",
    "written",
    multiple=True,
    metavar="KIND=PATH",
    callback=_written,
    shell_complete=completion.names(lambda: [f"{kind}=" for kind in REPORTERS]),
    help=f"Write a report too. KIND is {' or '.join(REPORTERS)}. PATH - is standard "
    "output. Repeatable.",
)
@options.appearance
def compare_command(  # noqa: PLR0913  # each parameter is an option
    *,
    before: Path,
    after: Path,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    trust_plugins: bool,
    profile: str | None,
    profiles: str | None,
    budget: Mapping[str, float],
    offer: frozenset[Capability],
    verbose: bool,
    written: tuple[tuple[ComparisonReporter, str], ...],
    color: bool | None,
) -> int:
    """
    Show what changed from BEFORE to AFTER, check by check; send nothing.

    Each is a folder that `verify --save DIR` wrote, judged by the checks of the
    installed version, or a file that `verify --report json=FILE` wrote. Two single
    targets are compared whatever their names; several are paired by name.

    Figures are shown if they changed by a tenth or more. They do not affect the exit
    code: set a bound for a latency with --budget.

    \b
    Exit codes
      0  no MUST and no SHOULD got worse
      1  a MUST or a SHOULD got worse: it fails or is waived, and was not before
      2  the command line or a file is wrong
      3  AFTER is not fully judged, or a check that was judged before could not be
         judged; nothing got worse
    """  # noqa: D301  # click keeps the lines after \b
    known = outputs.profiles(profiles)
    checks = options.selected(select, ignore, trust_plugins=trust_plugins)
    found = compare_runs(
        before,
        after,
        checks,
        profile=profile,
        profiles=known,
        budget=budget,
        offers=offer,
    )
    errors = _write(found, written)
    console = options.console(color, stderr=any(path == "-" for _, path in written))
    for index, comparison in enumerate(found):
        if index:
            console.print()
        for line in _section(comparison, verbose=verbose):
            console.print(line, soft_wrap=True)
        for line in _unmeasured(comparison.before, comparison.after, checks, budget):
            console.print(line, soft_wrap=True)
    for error in errors:
        click.echo(f"error: {error}", err=True)
    return worst(exit_code(found), *(error.exit_code for error in errors))


def _write(
    found: tuple[Comparison, ...],
    written: tuple[tuple[ComparisonReporter, str], ...],
) -> list[ContractError]:
    """Write the reports; return the errors of those that cannot be written."""
    errors: list[ContractError] = []
    for reporter, path in written:
        try:
            outputs.Destination(path).write(reporter.render(found))
        except ContractError as error:
            errors.append(error)
    return errors


def _section(comparison: Comparison, *, verbose: bool) -> Iterator[Text]:
    """Yield the lines of one target; *verbose* lists newly judged checks too."""
    before, after = comparison.before, comparison.after
    for label, run in (("before", before), ("after", after)):
        yield Text.assemble(
            (f"{label:<9}", "dim"), escape_controls(f"{run.target}: {run.description}")
        )
        if run.trouble:
            yield Text(" " * 9 + escape_controls(run.trouble), "yellow")
    yield from changes(comparison, verbose=verbose)


def _unmeasured(
    before: TargetRun,
    after: TargetRun,
    checks: Iterable[Check],
    budget: Mapping[str, float],
) -> Iterator[Text]:
    """Yield a line for each requested budget that is not judged on both sides."""
    for check in checks:
        if check.budget in budget:
            for label, run in (("BEFORE", before), ("AFTER", after)):
                state = run.checks.get(check.id)
                if state is None or state.outcome is Outcome.SKIP:
                    reason = state.reason if state else "it is not in the report"
                    note = (
                        f"{check.id} is not judged in {label} ({reason}); measure it "
                        f"with magistral-contract verify … --budget {check.budget}=TIME"
                    )
                    yield Text.assemble(
                        (f"{'NOTE':<11}", "yellow"), escape_controls(note)
                    )
