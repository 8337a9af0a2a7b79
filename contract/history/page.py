"""The page of a history: verdicts, checks and latencies from run to run, in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from contract.history.store import History, Run
from contract.history.trend import ABSENT, LETTERS, LatencyTrend, Trend, read_trend
from contract.history.trend import streaks as streaks_of
from contract.reporters.base import moment
from contract.reporters.page.pictures import Line, draw, duration
from contract.reporters.page.rendering import MOST_BYTES, fill

MOST_TARGETS = 20  # targets of a page, those with the newest runs
RUNS = 60  # runs of a target
LISTED = 20  # runs of a target in its table
_TEXT = 200  # characters of one text
# Checks and pictures of a target, from the most that is shown to the least.
_LADDER = ((100, 6), (40, 6), (20, 2), (5, 0))
# The outcome that each letter stands for, as a class of the style sheet.
_MARKS = {letter: outcome for outcome, letter in LETTERS.items()} | {ABSENT: "absent"}
_VERDICTS = {0: "pass", 1: "fail"}
_FEWEST = 2  # values of a picture


def render(history: History, *, target: str | None = None, last: int = RUNS) -> str:
    """
    Return the page of *history*, without a script and anything to load.

    It is smaller than 1 MB: where there is much, fewer checks and pictures are shown.

    Args:
        history: The history.
        target: The only target to show; None for those with the newest runs.
        last: The number of runs of each target.
    """
    names = dict.fromkeys(name for name, _ in history.targets())
    chosen = [name for name in names if target in {None, name}]
    trends = [read_trend(history, name, last=last) for name in chosen[:MOST_TARGETS]]
    page = ""
    for checks, pictures in _LADDER:
        page = fill(
            "history.html",
            _TEXT,
            place=history.name,
            targets=[_section(trend, checks, pictures) for trend in trends],
            further=max(0, len(chosen) - MOST_TARGETS),
        )
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def _section(trend: Trend, most_checks: int, most_pictures: int) -> dict[str, object]:
    newest = trend.runs[-1]
    return {
        "name": trend.target,
        "newest": newest,
        "mark": _verdict_mark(newest),
        "began": moment(trend.runs[0].started),
        "ended": moment(newest.started),
        "count": len(trend.runs),
        "verdicts": [
            (mark, sum(1 for _ in runs))
            for mark, runs in groupby(map(_verdict_mark, trend.runs))
        ],
        "checks": [
            (
                one.check,
                [(_MARKS[letter], letter, n) for letter, n in streaks_of(one.letters)],
            )
            for one in trend.checks[:most_checks]
        ],
        "further": max(0, len(trend.checks) - most_checks),
        "pictures": list(_pictures(trend.latencies))[:most_pictures],
        "runs": [
            (run, _verdict_mark(run), moment(run.started))
            for run in reversed(trend.runs[-LISTED:])
        ],
    }


def _verdict_mark(run: Run) -> str:
    return _VERDICTS.get(run.exit_code, "error")


def _pictures(latencies: Sequence[LatencyTrend]) -> Iterable[tuple[str, str, str]]:
    """Yield the title, the caption and the SVG element of each metric."""
    for metric, found in groupby(latencies, key=lambda one: one.metric):
        trends = list(found)
        lines = [
            Line(
                one.percentile,
                [(float(n), v) for n, v in enumerate(one.values, 1) if v is not None],
            )
            for one in trends
        ]
        if max(len(line.points) for line in lines) < _FEWEST:
            continue
        title = metric.upper()
        caption = "; ".join(
            f"{one.percentile} {duration(one.last)}"
            for one in trends
            if one.last is not None
        )
        yield title, f"last run: {caption}", draw(lines, title, "TTFT", x_unit="runs")
