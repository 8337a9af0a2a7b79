"""`compare`: what changed between two runs, from recordings or saved JSON reports."""

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
from contract.model.profile import Capability
from contract.model.strict_json import read_json
from contract.plugins.discovery import find
from contract.reporters.base import (
    escape_controls,
    format_figure,
)
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

NOTICED = 0.1  # a figure that moved less is not worth a line
UNKNOWN = 3  # the exit code of a run that could not learn everything


class Change(StrEnum):
    """What became of a check from one run to the next; worst first."""

    WORSE = "worse"
    OTHERWISE = "otherwise"  # it fails as before, for another reason
    BETTER = "better"
    LOST = "no longer"  # it was judged and now is skipped, or not there at all
    GAINED = "newly"  # judged now for the first time, and held
    SAME = "same"


STYLES = {Change.WORSE: "bold red", Change.OTHERWISE: "yellow", Change.BETTER: "green"}
_RANKS = {Outcome.PASS: 0, Outcome.WAIVED: 1, Outcome.FAIL: 2, Outcome.ERROR: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one run says of one check; *messages* are those of its findings."""

    outcome: Outcome
    level: Level = Level.MUST
    reason: str = ""
    messages: tuple[str, ...] = ()
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One target of a run: what it was, and what is said of each check, by id."""

    target: str
    story: str
    trouble: str
    seen: Mapping[str, Seen]


@click.command("compare")
@click.argument("before", metavar="BEFORE", type=click.Path(path_type=Path))
@click.argument("after", metavar="AFTER", type=click.Path(path_type=Path))
@options.selection
@options.profile
@options.budget
@options.offer
@click.option("-v", "--verbose", is_flag=True, help="Name what is judged newly, too.")
@options.appearance
def verb(  # noqa: PLR0913  # one parameter an option
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
    Say what changed from BEFORE to AFTER, check by check; nothing is sent.

    Each is a folder that `verify --save DIR` wrote, judged by the checks of the
    installed version, or a file that `verify --report json=FILE` wrote. One target
    is compared with one whatever their names; several are paired by name.

    Figures are told when they moved by a tenth or more, and change no exit code:
    hold a latency to a bound with --budget.

    \b
    Exit codes
      0  nothing that MUST or SHOULD hold got worse
      1  something did: it failed or needs a waiver, and had not before
      2  the command line or a file is wrong
      3  AFTER was not judged to its end, or a check of it could not be judged that
         was before; what there is got no worse
    """  # noqa: D301  # \b is click's mark for lines to keep
    checks = selected(find("checks", Check).values(), select, ignore)
    known = outputs.profiles(profiles)
    replay = partial(
        open_recordings, profile=profile, profiles=known, budget=budget, offers=offer
    )
    old, new = (_runs(path, checks, replay) for path in (before, after))
    console = options.console(color)
    worse = unknown = False
    for number, (was, now) in enumerate(_pairs(old, new)):
        if number:
            console.print()
        for line in _section(was, now, verbose=verbose):
            console.print(line, soft_wrap=True)
        for line in _unmeasured(was, now, checks, budget):
            console.print(line, soft_wrap=True)
        changed = _changes(was, now)
        got = [now.seen[name] for name in changed[Change.WORSE]]
        unjudged = [seen for seen in got if seen.outcome is Outcome.ERROR]
        worse = worse or any(_counts(seen) for seen in got if seen not in unjudged)
        unknown = unknown or bool(now.trouble or unjudged)
    return 1 if worse else UNKNOWN if unknown else 0


def _runs(
    path: Path,
    checks: tuple[Check, ...],
    replay: Callable[[Path], tuple[Verification, ...]],
) -> tuple[Run, ...]:
    """The targets of a recording, or of a report; `UsageError` if it is neither."""
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


def _read(path: Path, report: object, checks: tuple[Check, ...]) -> tuple[Run, ...]:
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise UsageError(
            f"{path} is no report of ours; make one with magistral-contract verify "
            "TARGET --report json=FILE, or name a folder that --save wrote."
        )
    every = {check.id for check in find("checks", Check).values()}
    wanted = {check.id for check in checks}
    seen: dict[str, dict[str, Seen]] = {}
    try:
        for result in _objects(report["results"]):
            name = str(result["check"])
            # A check of another version is compared as well, unless some were chosen.
            if name in wanted or (wanted == every and name not in every):
                seen.setdefault(str(result["target"]), {})[name] = _seen(result)
        return tuple(
            Run(
                target=str(header["target"]),
                story=f"{header['profile']}, {header['model']}, {header['started']}",
                trouble=str(header["trouble"]),
                seen=seen.get(str(header["target"]), {}),
            )
            for header in _objects(report["targets"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is damaged ({type(error).__name__}: {error}); write it again."
        ) from error


def _seen(result: Mapping[str, Json]) -> Seen:
    figures = result["figures"]
    if not isinstance(figures, dict):
        raise TypeError("figures are no object")
    return Seen(
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
    for item in value if isinstance(value, list) else ():
        if not isinstance(item, dict):
            raise TypeError("a list holds what is no object")
        yield item


def _pairs(
    before: tuple[Run, ...], after: tuple[Run, ...]
) -> Iterable[tuple[Run, Run]]:
    if len(before) == len(after) == 1:
        return [(before[0], after[0])]
    named = {run.target: run for run in before}
    found = [(named[run.target], run) for run in after if run.target in named]
    if not found:
        raise UsageError(
            "BEFORE and AFTER have no target in common: "
            f"{', '.join(named) or 'none'} and "
            f"{', '.join(run.target for run in after) or 'none'}; compare one with one."
        )
    return found


def _changes(before: Run, after: Run) -> dict[Change, list[str]]:
    """The checks by what became of them."""
    found: dict[Change, list[str]] = {change: [] for change in Change}
    for name in sorted({*before.seen, *after.seen}):
        found[_change(before.seen.get(name), after.seen.get(name))].append(name)
    return found


def _change(before: Seen | None, after: Seen | None) -> Change:
    was, now = (seen.outcome if seen else Outcome.SKIP for seen in (before, after))
    if was is now:
        told = [set(seen.messages) if seen else set() for seen in (before, after)]
        other = now is Outcome.FAIL and told[0] != told[1]
        return Change.OTHERWISE if other else Change.SAME
    if now is Outcome.SKIP:
        return Change.LOST
    if was is Outcome.SKIP:
        return Change.WORSE if _RANKS[now] > 1 else Change.GAINED
    return Change.WORSE if _RANKS[now] > _RANKS[was] else Change.BETTER


def _counts(seen: Seen) -> bool:
    """Whether a check's getting worse is more than a remark: a MAY never is."""
    return seen.level is not Level.MAY


def _section(before: Run, after: Run, *, verbose: bool) -> Iterator[Text]:
    for label, run in (("before", before), ("after", after)):
        yield Text.assemble(
            (f"{label:<9}", "dim"), escape_controls(f"{run.target}: {run.story}")
        )
        if run.trouble:
            yield Text(" " * 9 + escape_controls(run.trouble), "yellow")
    changed = _changes(before, after)
    silent = {Change.SAME} if verbose else {Change.SAME, Change.GAINED}
    for change in (change for change in Change if change not in silent):
        for name in changed[change]:
            yield from _told(change, name, before.seen.get(name), after.seen.get(name))
    yield from _figures(before, after)
    yield _summary(changed)


def _unmeasured(
    before: Run, after: Run, checks: Iterable[Check], budget: Mapping[str, float]
) -> Iterator[Text]:
    """The budgets that were asked for, and not judged on both sides."""
    for check in checks:
        if check.budget in budget:
            for label, run in (("BEFORE", before), ("AFTER", after)):
                seen = run.seen.get(check.id)
                if seen is None or seen.outcome is Outcome.SKIP:
                    why = seen.reason if seen else "it is not in the report"
                    note = (
                        f"{check.id} is not judged in {label} ({why}); measure it with "
                        f"magistral-contract verify … --budget {check.budget}=TIME"
                    )
                    yield Text.assemble(
                        (f"{'NOTE':<11}", "yellow"), escape_controls(note)
                    )


def _told(
    change: Change, name: str, before: Seen | None, after: Seen | None
) -> Iterator[Text]:
    """The check with both outcomes, and why it is as it is now."""
    was, now = (seen.outcome.value if seen else "absent" for seen in (before, after))
    last = after or before
    level = last.level.value if last else ""
    label = (f"{change.value.upper():<11}", STYLES.get(change, "cyan"))
    yield Text.assemble(
        label, (escape_controls(name), "bold"), f"   {level}   {was} → {now}"
    )
    why = [*dict.fromkeys(after.messages), after.reason] if after else []
    yield from (Text(" " * 11 + escape_controls(line), "dim") for line in why if line)


def _figures(before: Run, after: Run) -> Iterator[Text]:
    """What was measured in both, a line a metric, where it moved enough to notice."""
    old, new = (
        {
            name: value
            for one in run.seen.values()
            for name, value in one.figures.items()
        }
        for run in (before, after)
    )
    moved: dict[str, list[str]] = {}
    for name in sorted(old.keys() & new.keys()):
        metric, _, percentile = name.rpartition("_")
        was, now = (format_figure(metric, run[name]) for run in (old, new))
        share = new[name] / old[name] - 1 if old[name] > 0 else 0.0
        if was != now and abs(share) >= NOTICED:
            words = f"{percentile} {was} → {now} ({share:+.0%})"
            moved.setdefault(metric, []).append(words)
    for metric, parts in moved.items():
        label = (f"{'FIGURE':<11}", "cyan")
        yield Text.assemble(
            label,
            (escape_controls(metric), "bold"),
            escape_controls("   " + ", ".join(parts)),
        )


def _summary(changed: Mapping[Change, list[str]]) -> Text:
    words = {
        Change.WORSE: "worse",
        Change.OTHERWISE: "failing otherwise",
        Change.BETTER: "better",
        Change.LOST: "no longer judged",
        Change.GAINED: "newly judged",
        Change.SAME: "the same",
    }
    parts = [f"{len(changed[c])} {words[c]}" for c in Change if changed[c]]
    return Text(f"{', '.join(parts) or 'nothing to compare'}.", "bold")
