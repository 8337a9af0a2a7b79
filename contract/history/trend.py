"""Trends: what each check of a target did, and its latencies, from run to run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from contract.history.latency import METRICS, PERCENTILES
from contract.history.store import History, Run
from contract.run.report import Outcome

PASSED = "."
ABSENT = " "  # the check was not in the run
# One letter for each outcome, as pytest has them.
LETTERS = {
    Outcome.PASS.value: PASSED,
    Outcome.FAIL.value: "F",
    Outcome.WAIVED.value: "w",
    Outcome.SKIP.value: "s",
    Outcome.ERROR.value: "E",
}
BARS = "▁▂▃▄▅▆▇█"
DIGITS = "01234567"  # for terminals that cannot show bars
_QUIET = frozenset({PASSED, ABSENT, LETTERS[Outcome.SKIP.value]})


@dataclass(frozen=True, slots=True)
class Timeline:
    """What one check did."""

    check: str
    # One letter of `LETTERS` for each run, the oldest first; `ABSENT` if it had none.
    letters: str

    @property
    def remarkable(self) -> bool:
        """Whether it failed, was waived or could not be judged at least once."""
        return not set(self.letters) <= _QUIET


@dataclass(frozen=True, slots=True)
class LatencyTrend:
    """One percentile of one metric."""

    metric: str
    # p50 or p95.
    percentile: str
    # Seconds for each run, the oldest first; None where it was not measured.
    values: tuple[float | None, ...]

    @property
    def last(self) -> float | None:
        """The value of the last run that has one."""
        return next((v for v in reversed(self.values) if v is not None), None)


@dataclass(frozen=True, slots=True)
class Trend:
    """The last runs of one target."""

    target: str
    # The oldest first.
    runs: tuple[Run, ...]
    # Those that are remarkable first; then by id.
    checks: tuple[Timeline, ...]
    latencies: tuple[LatencyTrend, ...]


def read_trend(
    history: History, target: str, *, last: int, patterns: Collection[str] = ()
) -> Trend:
    """
    Return the trend of the *last* runs of *target*.

    Args:
        history: The history.
        target: The target, as `history list` names it.
        last: The number of runs.
        patterns: Ids, families or patterns of checks to show; without any, those that
            did something else than to pass.
    """
    runs = tuple(reversed(tuple(history.runs(target=target, last=last))))
    ids = [run.id for run in runs]
    had, other = history.selections(ids), history.outcomes(ids)
    measured = history.latencies(ids)
    names = sorted(set().union(*had.values()))
    timelines = [
        Timeline(
            name,
            "".join(
                LETTERS[other.get(name, {}).get(run, Outcome.PASS.value)]
                if name in had[run]
                else ABSENT
                for run in ids
            ),
        )
        for name in names
        if not patterns or _matches(name, patterns)
    ]
    if not patterns:
        timelines = [one for one in timelines if one.remarkable]
    timelines.sort(key=_most_recent_trouble)
    seen = {one.metric for some in measured.values() for one in some}
    metrics = [metric for metric in METRICS if metric in seen]
    return Trend(
        target=target,
        runs=runs,
        checks=tuple(timelines),
        latencies=tuple(
            LatencyTrend(
                metric,
                percentile,
                tuple(
                    next(
                        (
                            getattr(one, percentile).seen
                            for one in measured.get(run, ())
                            if one.metric == metric
                        ),
                        None,
                    )
                    for run in ids
                ),
            )
            for metric in metrics
            for percentile in PERCENTILES
        ),
    )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    family = name.partition(".")[0]
    return any(p in {name, family} or fnmatchcase(name, p) for p in patterns)


def _most_recent_trouble(timeline: Timeline) -> tuple[int, str]:
    """Return a key that sorts the checks that fail now, or did last, to the front."""
    back = next(
        (n for n, c in enumerate(reversed(timeline.letters)) if c not in _QUIET),
        len(timeline.letters),
    )
    return back, timeline.check


def sparkline(values: Sequence[float | None], bars: str = BARS) -> str:
    """
    Return one of *bars* for each of *values*, from 0 to the largest; a space for None.

    Usage: `sparkline([0.1, None, 0.4])` is `"▂ █"`.
    """
    top = max((value for value in values if value is not None), default=0.0)
    if top <= 0:
        return "".join(ABSENT if value is None else bars[0] for value in values)
    steps = len(bars)
    return "".join(
        ABSENT if value is None else bars[min(steps - 1, int(steps * value / top))]
        for value in values
    )


def streaks(letters: str) -> tuple[tuple[str, int], ...]:
    """Return the runs of equal *letters* with their lengths, in order."""
    found: list[tuple[str, int]] = []
    for letter in letters:
        if found and found[-1][0] == letter:
            found[-1] = (letter, found[-1][1] + 1)
        else:
            found.append((letter, 1))
    return tuple(found)
