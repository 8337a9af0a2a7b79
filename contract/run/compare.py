"""Comparison of two runs: what changed, check by check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from contract.errors import UsageError
from contract.files.bounded import MOST_RECORDED, read_bounded
from contract.model.chat import Json
from contract.model.check import Check, Level
from contract.model.profile import Capability, Profile
from contract.model.strict_json import read_json
from contract.plugins.discovery import find
from contract.run.opening import open_recordings
from contract.run.report import FORMAT, Outcome, Report, to_json
from contract.run.verification import Verification

INCONCLUSIVE = 3  # the exit code if not everything could be judged


class Change(StrEnum):
    """The change of a check's outcome from one run to the next, worst first."""

    WORSE = "worse"
    DIFFERENT = "different"  # it fails as before, but with other findings
    BETTER = "better"
    LOST = "not judged"  # it was judged before and now is skipped or missing
    GAINED = "new"  # it was skipped or missing before and now passes or is waived
    SAME = "same"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One target in two runs."""

    before: TargetRun
    after: TargetRun
    # The ids of the checks, sorted, by the change of their outcome.
    changes: Mapping[Change, tuple[str, ...]]

    @property
    def regressed(self) -> bool:
        """Whether a MUST or a SHOULD got worse; a MAY never counts."""
        return any(state.level is not Level.MAY for state in self._judged)

    @property
    def inconclusive(self) -> bool:
        """Whether the later run could not judge what the earlier one did."""
        worse = self.changes[Change.WORSE]
        return bool(self.after.trouble) or len(self._judged) < len(worse)

    @property
    def _judged(self) -> tuple[CheckState, ...]:
        """The later states of the checks that got worse and are not in error."""
        states = (self.after.checks[name] for name in self.changes[Change.WORSE])
        return tuple(state for state in states if state.outcome is not Outcome.ERROR)


def compare_runs(  # noqa: PLR0913  # each is one option of the command line
    before: str | Path | Report,
    after: str | Path | Report,
    checks: tuple[Check, ...],
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    budget: Mapping[str, float] | None = None,
    offers: Iterable[Capability] = (),
) -> tuple[Comparison, ...]:
    """
    Compare two runs by *checks*; `contract.compare` describes the other parameters.

    Raises `UsageError` if one is not a recording, a report or the file of one, and if
    they have no target in common.
    """
    replay = partial(
        open_recordings,
        profile=profile,
        profiles=profiles,
        budget=budget,
        offers=frozenset(offers),
    )
    old, new = (_runs(one, checks, replay) for one in (before, after))
    return tuple(
        Comparison(before=was, after=now, changes=_changes(was, now))
        for was, now in _pairs(old, new)
    )


def exit_code(comparisons: Iterable[Comparison]) -> int:
    """Return 1 if a target regressed, 3 if one is inconclusive, 0 otherwise."""
    found = tuple(comparisons)
    if any(one.regressed for one in found):
        return 1
    return INCONCLUSIVE if any(one.inconclusive for one in found) else 0


def _runs(
    source: str | Path | Report,
    checks: tuple[Check, ...],
    replay: Callable[[Path], tuple[Verification, ...]],
) -> tuple[TargetRun, ...]:
    """
    Return the targets of a recording, of a report, or of the report in a file.

    *checks* are the selected checks; *replay* opens a recording. Raises `UsageError`
    if *source* is neither.
    """
    if isinstance(source, Report):
        return _read(Path("the report"), to_json(source), checks)
    path = Path(source)
    if not path.is_file():
        opened = replay(path)
        report = Report(
            headers=tuple(one.header for one in opened),
            results=tuple(r for one in opened for r in one.results(checks, slow=True)),
        )
        return _read(path, to_json(report), checks)
    try:
        raw = read_bounded(path, MOST_RECORDED)
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
    except (KeyError, OverflowError, TypeError, ValueError) as error:
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


def _changes(before: TargetRun, after: TargetRun) -> dict[Change, tuple[str, ...]]:
    """Return the ids of the checks by the change of their outcome."""
    found: dict[Change, list[str]] = {change: [] for change in Change}
    for name in sorted({*before.checks, *after.checks}):
        found[_change(before.checks.get(name), after.checks.get(name))].append(name)
    return {change: tuple(names) for change, names in found.items()}


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
