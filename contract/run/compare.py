"""Comparison of two runs: what changed, check by check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from contract.errors import UsageError
from contract.model.check import Check, Level
from contract.model.profile import Capability, Profile
from contract.plugins.discovery import find
from contract.run.latencies import LatencyChange, StreamTimes, latency_changes
from contract.run.opening import open_recordings
from contract.run.reading import read_report
from contract.run.report import Outcome, Report, streams_of

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
    # The times of the streams.
    streams: tuple[StreamTimes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One target in two runs."""

    before: TargetRun
    after: TargetRun
    # The ids of the checks, sorted, by the change of their outcome.
    changes: Mapping[Change, tuple[str, ...]]

    @property
    def latencies(self) -> tuple[LatencyChange, ...]:
        """The latencies of the streams of both runs, with their intervals."""
        return latency_changes(self.before.streams, self.after.streams)

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
    load = partial(
        load_run,
        checks=checks,
        profile=profile,
        profiles=profiles,
        budget=budget,
        offers=offers,
    )
    old, new = load(before), load(after)
    found = compare_reports(old, new)
    if not found:
        names = [
            ", ".join(header.target for header in one.headers) or "none"
            for one in (old, new)
        ]
        raise UsageError(
            f"BEFORE and AFTER have no target in common: {' and '.join(names)}; "
            "compare runs of one target each."
        )
    return found


def load_run(  # noqa: PLR0913  # each is one option of the command line
    source: str | Path | Report,
    checks: tuple[Check, ...],
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    budget: Mapping[str, float] | None = None,
    offers: Iterable[Capability] = (),
) -> Report:
    """
    Return the results of an earlier run: a recording, a report, or the file of one.

    The results have no exchanges; what is compared of those is in `Report.streams`.
    Results of checks that are not among *checks* are left out, except those of checks
    of other versions, if all installed ones are selected. The other parameters are
    those of `contract.compare`.

    Raises `UsageError` if *source* is neither.
    """
    if isinstance(source, Report):
        report = source
    elif Path(source).is_dir() or not Path(source).exists():
        opened = open_recordings(
            Path(source),
            profile=profile,
            profiles=profiles,
            budget=budget,
            offers=frozenset(offers),
        )
        report = Report(
            headers=tuple(one.header for one in opened),
            results=tuple(r for one in opened for r in one.results(checks, slow=True)),
        )
    elif not Path(source).is_file():  # a pipe may never have a writer
        raise UsageError(f"{source} is no file and no folder; name one of them.")
    else:
        report = read_report(source)
    every = {check.id for check in find("checks", Check).values()}
    wanted = {check.id for check in checks}
    return replace(
        report,
        results=tuple(
            replace(result, exchanges=())
            for result in report.results
            if result.check.id in wanted
            or (wanted == every and result.check.id not in every)
        ),
        streams={h.target: streams_of(report, h.target) for h in report.headers},
        baseline=None,
    )


def compare_reports(before: Report, after: Report) -> tuple[Comparison, ...]:
    """
    Return what changed, for each target that both reports have.

    Two single targets are compared whatever their names. Usage:
    `compare_reports(report.baseline, report)`.
    """
    old, new = _targets(before), _targets(after)
    if len(old) == len(new) == 1:
        pairs = [(old[0], new[0])]
    else:
        named = {run.target: run for run in old}
        pairs = [(named[run.target], run) for run in new if run.target in named]
    return tuple(
        Comparison(before=was, after=now, changes=_changes(was, now))
        for was, now in pairs
    )


def exit_code(comparisons: Iterable[Comparison]) -> int:
    """Return 1 if a target regressed, 3 if one is inconclusive, 0 otherwise."""
    found = tuple(comparisons)
    if any(one.regressed for one in found):
        return 1
    return INCONCLUSIVE if any(one.inconclusive for one in found) else 0


def _targets(report: Report) -> tuple[TargetRun, ...]:
    return tuple(
        TargetRun(
            target=header.target,
            description=f"{header.profile}, {header.model}, {header.started}",
            trouble=header.trouble,
            checks={
                result.check.id: CheckState(
                    outcome=result.outcome,
                    level=result.check.level,
                    reason=result.reason,
                    messages=tuple(finding.message for finding in result.findings),
                    figures=result.figures,
                )
                for result in report.results
                if result.target == header.target
            },
            streams=streams_of(report, header.target),
        )
        for header in report.headers
    )


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
