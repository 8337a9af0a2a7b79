"""`compare`: show what changed between two recordings or JSON reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import click
from rich.text import Text

from contract.cli import (
    options,
    outputs,
)
from contract.errors import UsageError
from contract.model.chat import Json
from contract.model.check import (
    Check,
    Level,
)
from contract.model.escape import escape_controls
from contract.model.profile import Capability
from contract.model.strict_json import read_json
from contract.plugins.discovery import find
from contract.reporters.base import format_figure
from contract.run.report import (
    FORMAT,
    Outcome,
    Report,
    to_json,
)
from contract.run.select import select as selected
from contract.run.verification import (
    Verification,
    open_recordings,
)

FIGURE_CHANGE = 0.1  # figures that changed by a smaller share are not shown
INCONCLUSIVE = 3  # the exit code if not everything could be judged


class Change(StrEnum):
    """The change of a check's outcome from one run to the next, worst first."""

    WORSE = "worse"
    DIFFERENT = "different"  # it fails as before, but with other findings
    BETTER = "better"
    LOST = "not judged"  # it was judged before and now is skipped or missing
    GAINED = "new"  # it was skipped or missing before and now passes or is waived
    SAME = "same"


STYLES = {Change.WORSE: "bold red", Change.DIFFERENT: "yellow", Change.BETTER: "green"}
_RANKS = {Outcome.PASS: 0, Outcome.WAIVED: 1, Outcome.FAIL: 2, Outcome.ERROR: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """The result of one check in one run."""

    outcome: Outcome
    level: Level = Level.MUST
    # Why the check was skipped, waived or in error; empty otherwise.
    reason: str = ""
    # The messages of the findings, in the order found.
    messages: tuple[str, ...] = ()
    # The measured figures by name (`ttft_p95`): seconds, rates in tokens per second.
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRun:
    """The results of one target in one run."""

    # The target as it is named in the report.
    target: str
    # The profile, the model and the time of the run, in words.
    description: str
    # Why not everything could be judged; empty if everything was.
    trouble: str
    # The results by the id of the check.
    checks: Mapping[str, CheckState]


@click.command("compare")
@click.argument("before", metavar="BEFORE", type=click.Path(path_type=Path))
@click.argument("after", metavar="AFTER", type=click.Path(path_type=Path))
@options.selection
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
    checks = selected(find("checks", Check).values(), select, ignore)
    known = outputs.profiles(profiles)
    replay = partial(
        open_recordings, profile=profile, profiles=known, budget=budget, offers=offer
    )
    old, new = (_runs(path, checks, replay) for path in (before, after))
    console = options.console(color)
    worse = inconclusive = False
    for index, (was, now) in enumerate(_pairs(old, new)):
        if index:
            console.print()
        for line in _section(was, now, verbose=verbose):
            console.print(line, soft_wrap=True)
        for line in _unmeasured(was, now, checks, budget):
            console.print(line, soft_wrap=True)
        changed = _changes(was, now)
        worsened = [now.checks[name] for name in changed[Change.WORSE]]
        judged = [state for state in worsened if state.outcome is not Outcome.ERROR]
        worse = worse or any(_is_regression(state) for state in judged)
        inconclusive = inconclusive or bool(now.trouble) or len(judged) < len(worsened)
    return 1 if worse else INCONCLUSIVE if inconclusive else 0


def _runs(
    path: Path,
    checks: tuple[Check, ...],
    replay: Callable[[Path], tuple[Verification, ...]],
) -> tuple[TargetRun, ...]:
    """
    Return the targets of the recording or report at *path*.

    *checks* are the selected checks; *replay* opens a recording. Raises `UsageError`
    if *path* is neither.
    """
    if not path.is_file():
        opened = replay(path)
        report = Report(
            headers=tuple(one.header for one in opened),
            results=tuple(r for one in opened for r in one.verify(checks, slow=True)),
        )
        return _read(path, to_json(report), checks)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    return _read(path, read_json(raw), checks)


def _read(
    path: Path, report: object, checks: tuple[Check, ...]
) -> tuple[TargetRun, ...]:
    """Return the targets of the JSON *report* that was read from *path*."""
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise UsageError(
            f"{path} is not a report of magistral-contract; create one with "
            "magistral-contract verify TARGET --report json=FILE, or name a folder "
            "that --save wrote."
        )
    every = {check.id for check in find("checks", Check).values()}
    wanted = {check.id for check in checks}
    states: dict[str, dict[str, CheckState]] = {}
    try:
        for result in _objects(report["results"]):
            name = str(result["check"])
            # Checks of other versions are compared too, unless checks are selected.
            if name in wanted or (wanted == every and name not in every):
                states.setdefault(str(result["target"]), {})[name] = _state(result)
        return tuple(
            TargetRun(
                target=str(header["target"]),
                description=(
                    f"{header['profile']}, {header['model']}, {header['started']}"
                ),
                trouble=str(header["trouble"]),
                checks=states.get(str(header["target"]), {}),
            )
            for header in _objects(report["targets"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is damaged ({type(error).__name__}: {error}); create it again."
        ) from error


def _state(result: Mapping[str, Json]) -> CheckState:
    figures = result["figures"]
    if not isinstance(figures, dict):
        raise TypeError("figures is not an object")
    return CheckState(
        outcome=Outcome(str(result["outcome"])),
        level=Level(str(result["level"])),
        reason=str(result["reason"]),
        messages=tuple(str(f["message"]) for f in _objects(result["findings"])),
        figures={
            name: float(value)
            for name, value in figures.items()
            if isinstance(value, int | float)
        },
    )


def _objects(value: Json) -> Iterator[dict[str, Json]]:
    """Yield the objects in a list; raise `TypeError` for any other entry."""
    for item in value if isinstance(value, list) else ():
        if not isinstance(item, dict):
            raise TypeError("a list contains an entry that is not an object")
        yield item


def _pairs(
    before: tuple[TargetRun, ...], after: tuple[TargetRun, ...]
) -> Iterable[tuple[TargetRun, TargetRun]]:
    """Return the pairs of targets to compare; raise `UsageError` if there are none."""
    if len(before) == len(after) == 1:
        return [(before[0], after[0])]
    named = {run.target: run for run in before}
    found = [(named[run.target], run) for run in after if run.target in named]
    if not found:
        raise UsageError(
            "BEFORE and AFTER have no target in common: "
            f"{', '.join(named) or 'none'} and "
            f"{', '.join(run.target for run in after) or 'none'}; "
            "compare runs of one target each."
        )
    return found


def _changes(before: TargetRun, after: TargetRun) -> dict[Change, list[str]]:
    """Return the ids of the checks by the change of their outcome."""
    found: dict[Change, list[str]] = {change: [] for change in Change}
    for name in sorted({*before.checks, *after.checks}):
        found[_change(before.checks.get(name), after.checks.get(name))].append(name)
    return found


def _change(before: CheckState | None, after: CheckState | None) -> Change:
    """Return the change of a check; None stands for a check that is missing."""
    was, now = (state.outcome if state else Outcome.SKIP for state in (before, after))
    if was is now:
        old, new = (
            set(state.messages) if state else set() for state in (before, after)
        )
        different = now is Outcome.FAIL and old != new
        return Change.DIFFERENT if different else Change.SAME
    if now is Outcome.SKIP:
        return Change.LOST
    if was is Outcome.SKIP:
        return Change.WORSE if _RANKS[now] > 1 else Change.GAINED
    return Change.WORSE if _RANKS[now] > _RANKS[was] else Change.BETTER


def _is_regression(worsened: CheckState) -> bool:
    """Return whether a worsened check affects the exit code: a MAY never does."""
    return worsened.level is not Level.MAY


def _section(before: TargetRun, after: TargetRun, *, verbose: bool) -> Iterator[Text]:
    """Yield the lines of one target; *verbose* lists newly judged checks too."""
    for label, run in (("before", before), ("after", after)):
        yield Text.assemble(
            (f"{label:<9}", "dim"), escape_controls(f"{run.target}: {run.description}")
        )
        if run.trouble:
            yield Text(" " * 9 + escape_controls(run.trouble), "yellow")
    changed = _changes(before, after)
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


def _summary(changed: Mapping[Change, list[str]]) -> Text:
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
