"""Pictures of the page of a load test, as SVG that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contract.load.report import (
    LoadReport,
    best_good,
    knee,
    load_of,
    offered,
    per_user,
    throughput,
)
from contract.load.running import Step
from contract.load.totals import METRICS, format_figure
from contract.model.profile import Budget
from contract.reporters.base import count
from contract.reporters.page.pictures import Line, Picture, draw

DISTRIBUTIONS = ("ttft", "ttfo", "tpot", "e2e")
MOST_POINTS = 240  # of one line
FEWEST = 2  # values of a distribution


def pictures(found: LoadReport) -> tuple[Picture, ...]:
    """Return the pictures of a sweep, or of one load: its course and its latencies."""
    if len(found.steps) > 1:
        return tuple(_sweep(found.steps))
    return tuple(
        picture for step in found.steps for picture in (_course(step), *_shares(step))
    )


def _sweep(steps: Sequence[Step]) -> Iterator[Picture]:
    unit = "users" if steps[0].plan.users is not None else "requests/s"
    shares = [(offered(step), 100 * (step.totals.goodput or 0.0)) for step in steps]
    lines = [Line("samples", shares), Line("samples", shares, dots=True)]
    legend = {"samples": "requests within all budgets, in % of those sent"}
    words = [f"{count(len(steps), 'load')}, in {unit}"]
    if (best := best_good(steps)) is not None:
        lines.append(Line("interval", (shares[best],), dots=True))
        legend["interval"] = f"highest good load: {load_of(steps[best])}"
        words.append(legend["interval"])
    svg = draw(lines, "Goodput", "%", x_unit=unit)
    yield Picture("Goodput by load", f"{'; '.join(words)}.", svg, legend)
    points = [(per_user(step), throughput(step)) for step in steps]
    lines = [Line("samples", points), Line("samples", points, dots=True)]
    legend = {"samples": "a load; to the right each user, upwards all together"}
    words = ["Output tokens per second: of the median request, and of the system"]
    if (bend := knee(steps)) is not None:
        lines.append(Line("budget", (points[bend],), dots=True))
        legend["budget"] = f"knee: {load_of(steps[bend])}"
        words.append(legend["budget"])
    svg = draw(lines, "Pareto curve", "tokens/s", x_unit="tokens/s per user")
    yield Picture("Pareto curve", f"{'; '.join(words)}.", svg, legend)


def _course(step: Step) -> Picture:
    """Return the picture of requests and good requests by second of the run."""
    title, totals = "The course of the run", step.totals
    if not totals.starts:
        return Picture(title, "No picture: no request was measured.")
    last = max(totals.starts)
    seconds = range(int(step.plan.warm_up), last + 1)
    started = _thinned([(float(s), float(totals.starts[s])) for s in seconds])
    good = _thinned([(float(s), float(totals.goods[s])) for s in seconds])
    lines = [Line("ttfo", started), Line("answer", good, area=True)]
    legend = {"ttfo": "requests by second of their intended start", "answer": "good"}
    caption = (
        f"{count(totals.measured, 'request')}, {totals.good} of them within all "
        f"budgets, in {totals.seconds:.1f} s."
    )
    return Picture(title, caption, draw(lines, title, "requests"), legend)


def _shares(step: Step) -> Iterator[Picture]:
    """Yield the distribution of each latency that has values."""
    for name in DISTRIBUTIONS:
        values = step.totals.latencies[name]
        if values.count < FEWEST:
            continue
        points = [(value, 100 * share) for value, share in values.points()]
        lines = [Line("samples", _thinned([(points[0][0], 0.0), *points]))]
        legend = {"samples": f"share of {count(values.count, 'value')}, in %"}
        words = [
            f"p{percent} {format_figure(name, values.percentile(percent) or 0.0)}"
            for percent in (50, 95, 99)
        ]
        if (bound := _budget(step.plan.profile.budget, name)) is not None:
            lines.append(Line("budget", ((bound, 0.0), (bound, 100.0))))
            legend["budget"] = f"budget {format_figure(name, bound)}"
            words.append(legend["budget"])
        title = f"{name.upper()}: {METRICS[name][0]}"
        yield Picture(title, f"{', '.join(words)}.", draw(lines, title, "%"), legend)


def _budget(budget: Budget, name: str) -> float | None:
    bound: float | None = getattr(budget, name)
    return bound


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    if len(points) <= MOST_POINTS:
        return points
    step = len(points) / MOST_POINTS
    chosen = sorted({int(step * n) for n in range(MOST_POINTS)} | {len(points) - 1})
    return [points[place] for place in chosen]
