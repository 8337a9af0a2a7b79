"""What changed between two runs, in the words that all reports of it share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from contract.model.chat import Json
from contract.model.interval import Interval
from contract.model.profile import RATES, SHARES
from contract.reporters.base import count, format_figure
from contract.run.compare import (
    Change,
    CheckState,
    Comparison,
    TargetRun,
    compare_reports,
)
from contract.run.latencies import FEWEST_STREAMS, LatencyChange
from contract.run.report import Outcome, Report

FIGURE_CHANGE = 0.1  # figures that changed by a smaller share are not shown
TITLES = {
    Change.WORSE: "Broken",
    Change.DIFFERENT: "Failing differently",
    Change.BETTER: "Fixed",
    Change.LOST: "No longer judged",
    Change.GAINED: "Newly judged",
}
LABELS = {
    Change.WORSE: "worse",
    Change.DIFFERENT: "failing differently",
    Change.BETTER: "better",
    Change.LOST: "no longer judged",
    Change.GAINED: "newly judged",
    Change.SAME: "the same",
}
NO_STREAMS = (
    f"No latencies are compared: that needs {FEWEST_STREAMS} streams of the same "
    "requests in both runs, and a baseline with their times: reports before 0.3.0 have "
    "none."
)


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure that changed noticeably."""

    # The metric, such as "ttft".
    metric: str
    # What is stated of its samples, such as "p95".
    percentile: str
    # The values, in seconds; rates in tokens per second, shares of 1.
    before: float
    after: float

    @property
    def share(self) -> float:
        """The change as a share of the earlier value: 0.5 is half as much again."""
        return self.after / self.before - 1

    @property
    def worse(self) -> bool:
        """Whether it got worse: a longer time, a lower rate or share."""
        more_is_better = self.metric in RATES | SHARES
        return (self.share < 0) == more_is_better

    def __str__(self) -> str:
        was, now = (
            format_figure(self.metric, value) for value in (self.before, self.after)
        )
        return f"{was} → {now} ({self.share:+.0%})"


@dataclass(frozen=True, slots=True)
class CheckChange:
    """One check in two runs."""

    name: str
    # The level of the later run; empty if neither has the check.
    level: str
    # The outcomes; `missing` where a run does not have the check.
    before: str
    after: str
    # Why the later outcome is what it is, each reason once.
    reasons: tuple[str, ...]


def changed_checks(comparison: Comparison, change: Change) -> list[CheckChange]:
    """Return the checks whose outcome changed in this way, sorted by id."""
    before, after = comparison.before.checks, comparison.after.checks
    return [
        _check_change(name, before.get(name), after.get(name))
        for name in comparison.changes[change]
    ]


def _check_change(
    name: str, before: CheckState | None, after: CheckState | None
) -> CheckChange:
    reasons = [*dict.fromkeys(after.messages), after.reason] if after else []
    was, now = (
        state.outcome.value if state else "missing" for state in (before, after)
    )
    return CheckChange(
        name=name,
        level=level_of(before, after),
        before=was,
        after=now,
        reasons=tuple(reason for reason in reasons if reason),
    )


def level_of(before: CheckState | None, after: CheckState | None) -> str:
    """Return the level of a check in the later run that has it; "" if none has."""
    last = after or before
    return last.level.value if last else ""


def changed_figures(comparison: Comparison) -> tuple[FigureChange, ...]:
    """Return the figures that changed by a tenth or more, sorted by name."""
    old, new = (
        {
            name: value
            for state in run.checks.values()
            for name, value in state.figures.items()
        }
        for run in (comparison.before, comparison.after)
    )
    found = []
    for name in sorted(old.keys() & new.keys()):
        metric, _, percentile = name.rpartition("_")
        if old[name] <= 0 or not math.isfinite(new[name] / old[name]):
            continue
        one = FigureChange(metric, percentile, old[name], new[name])
        was, now = (format_figure(metric, run[name]) for run in (old, new))
        if was != now and abs(one.share) >= FIGURE_CHANGE:
            found.append(one)
    return tuple(found)


def summary(changes: Mapping[Change, tuple[str, ...]]) -> str:
    """Return how many checks changed in which way, as a sentence."""
    parts = [f"{len(changes[c])} {LABELS[c]}" for c in Change if changes[c]]
    return f"{', '.join(parts) or 'nothing to compare'}."


@dataclass(frozen=True, slots=True)
class Latency:
    """A percentile of a latency in two runs, in words."""

    metric: str
    percentile: str
    # The values with their 95 % intervals, such as `81.0 ms [79.5, 84.1]`.
    before: str
    after: str
    # `slower`, `faster` or `no clear change`.
    verdict: str
    # The number of streams in each run.
    streams: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}, {self.verdict}"


def latencies(comparison: Comparison) -> list[Latency]:
    """Return the latencies of the streams of both runs, in words."""
    return [_latency(one) for one in comparison.latencies]


def _latency(change: LatencyChange) -> Latency:
    was, now = (
        f"{format_figure('', one.seen)} [{format_figure('', one.low)}, "
        f"{format_figure('', one.high)}]"
        for one in (change.before, change.after)
    )
    return Latency(
        metric=change.metric,
        percentile=f"p{change.percent}",
        before=was,
        after=now,
        verdict=change.verdict or "no clear change",
        streams=change.streams,
    )


def how_measured(found: Iterable[Latency]) -> str:
    """Return of which streams the latencies are; "" without any."""
    first = next(iter(found), None)
    if first is None:
        return ""
    old, new = first.streams
    return (
        f"{count(old, 'stream')} before and {new} now, of the requests that both runs "
        "sent, while other requests ran. A change is clear if it is half or more "
        "and the 95 % intervals do not overlap; the exit code does not depend on it."
    )


def changes_to_json(comparison: Comparison) -> dict[str, Json]:
    """Return what changed on one target, as `comparison-v1.schema.json` has it."""
    before, after = comparison.before, comparison.after
    return {
        "before": _run(before),
        "after": _run(after),
        "regressed": comparison.regressed,
        "inconclusive": comparison.inconclusive,
        "changes": {
            change.value: [
                {
                    "check": name,
                    "level": level_of(before.checks.get(name), after.checks.get(name)),
                    "before": _state(before.checks.get(name)),
                    "after": _state(after.checks.get(name)),
                }
                for name in comparison.changes[change]
            ]
            for change in TITLES
        },
        "same": len(comparison.changes[Change.SAME]),
        "latencies": [
            {
                "metric": one.metric,
                "percentile": f"p{one.percent}",
                "streams": list(one.streams),
                "before": _interval(one.before),
                "after": _interval(one.after),
                "verdict": one.verdict,
            }
            for one in comparison.latencies
        ],
        "figures": [
            {
                "metric": one.metric,
                "percentile": one.percentile,
                "before": round(one.before, 6),
                "after": round(one.after, 6),
                "share": round(one.share, 4),
                "worse": one.worse,
            }
            for one in changed_figures(comparison)
        ],
    }


def _interval(one: Interval) -> dict[str, Json]:
    return {
        "low": round(one.low, 6),
        "seen": round(one.seen, 6),
        "high": round(one.high, 6),
    }


def _run(run: TargetRun) -> dict[str, Json]:
    return {
        "target": run.target,
        "description": run.description,
        "trouble": run.trouble,
    }


def _state(state: CheckState | None) -> dict[str, Json] | None:
    if state is None:
        return None
    return {
        "outcome": state.outcome.value,
        "reason": state.reason,
        "messages": list(state.messages),
    }


def since_baseline(report: Report) -> Iterator[Comparison]:
    """Yield what changed since the baseline of *report*, for each target in both."""
    if report.baseline is not None:
        yield from compare_reports(report.baseline, report)


def newly_failed(report: Report) -> frozenset[tuple[str, str]]:
    """Return target and check of each failure that the baseline did not have."""
    return frozenset(
        (one.after.target, name)
        for one in since_baseline(report)
        for name in one.changes[Change.WORSE]
    )


def known_failures(report: Report) -> frozenset[tuple[str, str]]:
    """Return target and check of each failure that the baseline has, too."""
    return frozenset(
        (one.after.target, name)
        for one in since_baseline(report)
        for name, state in one.after.checks.items()
        if (was := one.before.checks.get(name)) is not None
        and state.outcome is was.outcome is Outcome.FAIL
    )
