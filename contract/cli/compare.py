"""`compare`: show what changed between two recordings or JSON reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click
from rich.text import Text

from contract.cli import options, outputs
from contract.model.check import Check
from contract.model.escape import escape_controls
from contract.model.profile import Capability
from contract.reporters.base import format_figure
from contract.run.compare import (
    Change,
    CheckState,
    Comparison,
    TargetRun,
    compare_runs,
    exit_code,
)
from contract.run.report import Outcome

FIGURE_CHANGE = 0.1  # figures that changed by a smaller share are not shown


STYLES = {Change.WORSE: "bold red", Change.DIFFERENT: "yellow", Change.BETTER: "green"}


@click.command("compare")
@click.argument("before", metavar="BEFORE", type=click.Path(path_type=Path))
@click.argument("after", metavar="AFTER", type=click.Path(path_type=Path))
@options.selection
@options.trust
@options.profile
@options.budget
@options.offer
@click.option("-v", "--verbose", is_flag=True, help="List newly judged checks too.")
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
    console = options.console(color)
    for index, comparison in enumerate(found):
        if index:
            console.print()
        for line in _section(comparison, verbose=verbose):
            console.print(line, soft_wrap=True)
        for line in _unmeasured(comparison.before, comparison.after, checks, budget):
            console.print(line, soft_wrap=True)
    return exit_code(found)


def _section(comparison: Comparison, *, verbose: bool) -> Iterator[Text]:
    """Yield the lines of one target; *verbose* lists newly judged checks too."""
    before, after, changed = comparison.before, comparison.after, comparison.changes
    for label, run in (("before", before), ("after", after)):
        yield Text.assemble(
            (f"{label:<9}", "dim"), escape_controls(f"{run.target}: {run.description}")
        )
        if run.trouble:
            yield Text(" " * 9 + escape_controls(run.trouble), "yellow")
    silent = {Change.SAME} if verbose else {Change.SAME, Change.GAINED}
    for change in (change for change in Change if change not in silent):
        for name in changed[change]:
            yield from _check_lines(
                change, name, before.checks.get(name), after.checks.get(name)
            )
    yield from _figures(before, after)
    yield _summary(changed)


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


def _check_lines(
    change: Change, name: str, before: CheckState | None, after: CheckState | None
) -> Iterator[Text]:
    """Yield a line with both outcomes, then the reasons for the present outcome."""
    was, now = (
        state.outcome.value if state else "missing" for state in (before, after)
    )
    last = after or before
    level = last.level.value if last else ""
    label = (f"{change.value.upper():<11}", STYLES.get(change, "cyan"))
    yield Text.assemble(
        label, (escape_controls(name), "bold"), f"   {level}   {was} → {now}"
    )
    reasons = [*dict.fromkeys(after.messages), after.reason] if after else []
    yield from (
        Text(" " * 11 + escape_controls(line), "dim") for line in reasons if line
    )


def _figures(before: TargetRun, after: TargetRun) -> Iterator[Text]:
    """Yield a line for each metric whose figures changed noticeably."""
    old, new = (
        {
            name: value
            for state in run.checks.values()
            for name, value in state.figures.items()
        }
        for run in (before, after)
    )
    changed: dict[str, list[str]] = {}
    for name in sorted(old.keys() & new.keys()):
        metric, _, percentile = name.rpartition("_")
        was, now = (format_figure(metric, run[name]) for run in (old, new))
        share = new[name] / old[name] - 1 if old[name] > 0 else 0.0
        if was != now and abs(share) >= FIGURE_CHANGE:
            text = f"{percentile} {was} → {now} ({share:+.0%})"
            changed.setdefault(metric, []).append(text)
    for metric, parts in changed.items():
        label = (f"{'FIGURE':<11}", "cyan")
        yield Text.assemble(
            label,
            (escape_controls(metric), "bold"),
            escape_controls("   " + ", ".join(parts)),
        )


def _summary(changed: Mapping[Change, tuple[str, ...]]) -> Text:
    labels = {
        Change.WORSE: "worse",
        Change.DIFFERENT: "failing differently",
        Change.BETTER: "better",
        Change.LOST: "no longer judged",
        Change.GAINED: "newly judged",
        Change.SAME: "the same",
    }
    parts = [f"{len(changed[c])} {labels[c]}" for c in Change if changed[c]]
    return Text(f"{', '.join(parts) or 'nothing to compare'}.", "bold")
