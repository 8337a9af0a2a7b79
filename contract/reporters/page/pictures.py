"""Pictures of the page, as SVG that takes its colours from the style sheet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import groupby, pairwise
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element

from contract.model.chat import PieceKind
from contract.model.exchange import Exchange
from contract.model.interval import interval
from contract.model.profile import RECALLS, Budget
from contract.model.timing import Mark, percentile
from contract.reporters.base import count, figures, format_figure
from contract.run.report import Report, Result

WIDTH, HEIGHT = 480, 220  # units; the text is 12 units high
MOST_POINTS = 240  # of one line; more are thinned out evenly
MOST_BANDS = 24  # changes between reasoning and answer that are drawn
FEWEST_SAMPLES = 2  # of a distribution
PERCENT = 95
SHARED = "some of which were sent together with others"
MILLISECOND = 0.001  # seconds
# Prompts whose lengths differ by less show no growth.
LEAST_GROWTH = 2.0
BANDS = {
    PieceKind.REASONING: ("thinking", "thinking"),
    PieceKind.ANSWER: ("answer", "answer"),
    PieceKind.TOOL: ("tool", "tool calls"),
}
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a picture."""

    # The class of the style sheet that gives its colour.
    kind: str
    points: Sequence[Point]
    # Whether each point is a dot, and not the end of a line.
    dots: bool = False
    # Whether the area below the line is filled.
    area: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, or a sentence that states why there is none."""

    title: str
    # What the picture shows, in words, with its figures.
    caption: str
    # The SVG element; empty if there is no picture.
    svg: str = ""
    # The classes of its series, and what each is.
    legend: Mapping[str, str] = field(default_factory=dict)


def pictures(report: Report) -> tuple[Picture, ...]:
    """
    Return the pictures of one target: a stream, latencies, TTFT and recall by length.

    Whatever the report has no data for is a sentence in place of its picture. A report
    on a client has no pictures.
    """
    if not report.timed:
        return ()
    streams = tuple(_streams(report.results))
    return (
        _timeline(report, streams),
        *_distributions(report, streams),
        _growth(report, streams),
        *_recall(report),
    )


def _streams(results: Iterable[Result]) -> Iterator[Exchange]:
    """Yield the whole streams with text, each once."""
    exchanges = {id(e): e for result in results for e in result.exchanges}
    for exchange in exchanges.values():
        if (
            exchange.streamed
            and exchange.status == HTTPStatus.OK
            and exchange.end.whole
            and exchange.text_times
            and all(map(isfinite, exchange.text_times))
        ):
            yield exchange


def duration(seconds: float) -> str:
    """Return *seconds* with a unit, in two digits below a millisecond."""
    if 0 < abs(seconds) < MILLISECOND:
        return f"{1_000 * seconds:.2g} ms"
    return format_figure("", seconds)


# ---- the timeline of one stream --------------------------------------------------


def _timeline(report: Report, streams: Sequence[Exchange]) -> Picture:
    title = "One stream"
    if not streams:
        return Picture(title, "No timeline: no whole stream with text was received.")
    exchange = _representative(report, streams)
    timing = exchange.timing
    marks = timing.marks
    limit = timing.stall_limit
    stalls = [
        (sooner, later)
        for sooner, later in pairwise(enumerate(marks, 1))
        if limit is not None and later[1].at - sooner[1].at > limit
    ]
    lines = list(_bands(marks))
    legend = {line.kind: dict(BANDS.values())[line.kind] for line in lines}
    for (before, sooner), (_, later) in stalls[:MOST_BANDS]:
        lines.append(Line("stall", ((sooner.at, before), (later.at, before))))
        legend["stall"] = "stall"
    moments = []
    for kind, name, value in (
        ("ttft", "TTFT", timing.ttft),
        ("ttfo", "TTFO", timing.ttfo),
    ):
        if value is not None:
            lines.append(Line(kind, ((value, 0), (value, len(marks)))))
            legend[kind] = f"{name} {duration(value)}"
            moments.append(f"{name} {duration(value)}")
    worst = max((b.at - a.at for (_, a), (_, b) in stalls), default=None)
    stalled = (
        "no stall"
        if worst is None
        else f"{count(len(stalls), 'stall')}, the longest {duration(worst)}"
    )
    caption = (
        f"Request {exchange.probe.name}: {count(len(marks), 'text')} received in "
        f"{duration(exchange.elapsed)}; {', '.join(moments)}; {stalled}."
    )
    return Picture(title, caption, draw(lines, title, "texts"), legend)


def _representative(report: Report, streams: Sequence[Exchange]) -> Exchange:
    """
    Return the stream to draw: one with both kinds of text, and the longest of those.

    A stream of a failed check of the families streaming and latency comes first.
    """
    accused = {
        id(exchange)
        for result in report.results
        if result.check.family in {"streaming", "latency"} and result.findings
        for exchange in result.exchanges
    }
    return max(
        streams,
        key=lambda exchange: (
            id(exchange) in accused,
            len({mark.kind for mark in exchange.timing.marks}),
            max(exchange.timing.icl, default=0.0) if id(exchange) in accused else 0.0,
            len(exchange.timing.marks),
        ),
    )


def _bands(marks: Sequence[Mark]) -> Iterator[Line]:
    """Yield an area for each run of texts of one kind: texts received over time."""
    runs = [
        (kind, [(mark.at, float(number)) for number, mark in run])
        for kind, run in groupby(enumerate(marks, 1), key=lambda pair: pair[1].kind)
    ]
    for place, (kind, points) in enumerate(runs[:MOST_BANDS]):
        before = runs[place - 1][1][-1][1] if place else 0.0
        # The model thinks, or writes, until the first text of the other kind.
        end = [(runs[place + 1][1][0][0], points[-1][1])] if runs[place + 1 :] else []
        name, _ = BANDS.get(kind, ("answer", ""))
        corners = [(points[0][0], before), *_steps(points), *end]
        yield Line(name, corners, area=True)


def _steps(points: Sequence[Point]) -> Iterator[Point]:
    """Yield the corners of a line that rises at each of *points*, thinned out."""
    last = None
    for x, y in _thinned(points):
        if last is not None:
            yield x, last
        yield x, y
        last = y


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Return the *points*, or evenly chosen ones of many, with those around gaps."""
    if len(points) <= MOST_POINTS:
        return points
    step = len(points) / MOST_POINTS
    chosen = {int(step * number) for number in range(MOST_POINTS)} | {len(points) - 1}
    gaps = sorted(range(1, len(points)), key=lambda n: points[n - 1][0] - points[n][0])[
        :MOST_BANDS
    ]
    chosen |= {n for gap in gaps for n in (gap - 1, gap)}
    return [points[number] for number in sorted(chosen)]


# ---- distributions against budgets -----------------------------------------------


def _gaps(exchange: Exchange) -> Iterable[float | None]:
    return exchange.timing.icl


# The name of a budget -> what it bounds, and its values in an exchange, in seconds.
METRICS: dict[str, tuple[str, Callable[[Exchange], Iterable[float | None]]]] = {
    "ttft": ("Time to the first text (TTFT)", lambda e: (e.timing.ttft,)),
    "ttfo": ("Time to the first answer text (TTFO)", lambda e: (e.timing.ttfo,)),
    "icl_p95": ("Gap between two texts (ICL)", _gaps),
    "tpot": ("Time per token (TPOT)", lambda e: (e.timing.tpot,)),
    "e2e": ("Time to the last byte (E2E)", lambda e: (e.timing.e2e,)),
    "reject": ("Time to reject an oversized prompt", lambda e: (e.timing.e2e,)),
}
# What streams that were sent for other checks show too.
ON_THE_SIDE = ("ttft", "ttfo", "icl_p95", "tpot")


def _distributions(report: Report, streams: Sequence[Exchange]) -> Iterator[Picture]:
    """Yield a picture for each metric with samples, those with a budget first."""
    judged = {
        result.check.budget: result.exchanges
        for result in report.results
        if result.check.budget in METRICS and result.exchanges
    }
    drawn = 0
    for name, (title, values_of) in METRICS.items():
        exchanges = judged.get(name) or (streams if name in ON_THE_SIDE else ())
        values = [
            value
            for exchange in exchanges
            for value in values_of(exchange)
            if value is not None and isfinite(value)
        ]
        if len(values) < FEWEST_SAMPLES:
            continue
        drawn += 1
        budget = getattr(exchanges[0].profile.budget, name)
        yield _distribution(title, values, budget, alone=name in judged)
    if not drawn:
        yield Picture(
            "Latencies",
            "No distributions: the report has no streams whose times are known.",
        )


def _distribution(
    title: str, values: list[float], budget: float | None, *, alone: bool
) -> Picture:
    ordered = sorted(values)
    total = len(ordered)
    points = [(value, 100 * rank / total) for rank, value in enumerate(ordered, 1)]
    lines = [Line("samples", [(ordered[0], 0.0), *_steps(points)])]
    legend = {"samples": f"share of {count(total, 'value')}, in %"}
    found = interval(values, PERCENT)
    words = []
    if found is not None:
        low, high = (duration(end) for end in (found.low, found.high))
        lines.append(Line("interval", ((found.low, PERCENT), (found.high, PERCENT))))
        lines.append(Line("interval", ((found.seen, PERCENT),), dots=True))
        legend["interval"] = "95th percentile and its 95 % confidence interval"
        words.append(f"p95 {duration(found.seen)} (95 % interval {low} to {high})")
    if budget is not None and isfinite(budget):
        lines.append(Line("budget", ((budget, 0.0), (budget, 100.0))))
        legend["budget"] = f"budget {duration(budget)}"
        words.append(f"budget {duration(budget)}")
    else:
        words.append("no budget is set")
    how = (
        "sent one at a time"
        if alone
        else f"of all streams of the run, {SHARED}, so nothing is judged by them"
    )
    caption = f"{count(total, 'value')}, {how}: {'; '.join(words)}."
    return Picture(title, caption, draw(lines, title, "%"), legend)


# ---- TTFT against the length of the prompt ---------------------------------------


def _growth(report: Report, streams: Sequence[Exchange]) -> Picture:
    title = "TTFT by prompt length"
    alone = {
        id(exchange)
        for result in report.results
        if result.check.budget == "ttft_per_1k"
        for exchange in result.exchanges
    }
    own = [exchange for exchange in streams if id(exchange) in alone]
    chosen = own or streams
    points = [
        (float(tokens), ttft)
        for exchange in chosen
        if (tokens := exchange.count("prompt_tokens"))
        and (ttft := exchange.timing.ttft) is not None
    ]
    lengths = [tokens for tokens, _ in points]
    if not points or max(lengths) < LEAST_GROWTH * min(lengths):
        return Picture(
            title,
            "No picture: the report has no streams of prompts of different lengths "
            "that state their prompt tokens.",
        )
    lines = [Line("samples", _thinned(sorted(points)), dots=True)]
    legend = {"samples": "a stream"}
    budget = _growth_budget(chosen)
    words = [f"{count(len(points), 'stream')}"]
    start = percentile([t for n, t in points if n == min(lengths)], 50)
    if budget is not None and start is not None:
        ends = ((min(lengths), start), (max(lengths), _at(start, lengths, budget)))
        lines.append(Line("budget", ends))
        legend["budget"] = "budget, from the median of the shortest prompts"
        words.append(f"budget {duration(budget)} for each 1,000 tokens")
    else:
        words.append("no budget is set")
    how = "sent one at a time" if own else SHARED
    caption = (
        f"{words[0]}, {how}, of {min(lengths):,.0f} to {max(lengths):,.0f} prompt "
        f"tokens; {words[1]}."
    )
    return Picture(title, caption, draw(lines, title, "TTFT", x_unit="tokens"), legend)


def _growth_budget(exchanges: Sequence[Exchange]) -> float | None:
    budget: Budget = exchanges[0].profile.budget
    return budget.ttft_per_1k


def _at(start: float, lengths: Sequence[float], budget: float) -> float:
    return start + budget * (max(lengths) - min(lengths)) / 1_000


# ---- recall by the length of the prompt ------------------------------------------


def _recall(report: Report) -> Iterator[Picture]:
    """Yield the curve of what is recalled, if it was measured."""
    measured = figures(report.results)
    points = {
        tokens: measured[name] for name, tokens in RECALLS.items() if name in measured
    }
    if not points:
        return
    title = "Recall by prompt length"
    lines = [
        Line(
            "samples", [(tokens, 100 * one["rate"]) for tokens, one in points.items()]
        ),
        Line(
            "samples",
            [(tokens, 100 * one["rate"]) for tokens, one in points.items()],
            dots=True,
        ),
        *(
            Line("interval", ((tokens, 100 * one["low"]), (tokens, 100 * one["high"])))
            for tokens, one in points.items()
        ),
    ]
    words = (
        f"{tokens:,} tokens {one['rate']:.0%} ({one['low']:.0%} to {one['high']:.0%})"
        for tokens, one in points.items()
    )
    caption = f"Share of stated words that are recalled: {'; '.join(words)}."
    legend = {"samples": "share recalled, in %", "interval": "95 % interval"}
    yield Picture(title, caption, draw(lines, title, "%", x_unit="tokens"), legend)


# ---- drawing ---------------------------------------------------------------------


_WHOLE = 1e-6  # what a whole number may be off, after arithmetic


def draw(
    lines: Sequence[Line], title: str, y_unit: str, x_unit: str = "seconds"
) -> str:
    """
    Return an SVG element without colours, styles and scripts.

    pygal places axes, guides, labels and lines. Each series has the class of its
    `Line.kind` for the style sheet of the page, so that it suits both colour schemes.
    """
    pygal = _library()
    seconds = max((abs(x) for line in lines for x, _ in line.points), default=0.0)
    milli = x_unit == "seconds" and seconds < 1

    def x_label(value: float) -> str:
        if x_unit == "runs" and abs(value - round(value)) > _WHOLE:
            return ""  # between two runs is nothing
        if x_unit != "seconds":
            return f"{value:,.0f}"
        return f"{1_000 * value:.4g} ms" if milli else f"{value:.4g} s"

    def y_label(value: float) -> str:
        if y_unit == "TTFT":
            return duration(value)
        return f"{value:.0f} %" if y_unit == "%" else f"{value:,.0f}"

    chart = pygal.XY(
        css=(),
        js=(),
        no_prefix=True,
        disable_xml_declaration=True,
        width=WIDTH,
        height=HEIGHT,
        margin=6,
        margin_right=28,  # half of the last label
        show_legend=False,
        max_scale=6,
        min_scale=2,
        include_x_axis=True,
        xrange=(0, seconds) if x_unit == "seconds" else None,
        range=(0, 100) if y_unit == "%" else None,
        x_value_formatter=x_label,
        value_formatter=y_label,
        style=pygal.style.Style(label_font_size=12, major_label_font_size=12),
        dots_size=3,
        x_label_rotation=0,
    )
    for line in lines:
        chart.add(
            None,
            [point for point in line.points if all(map(isfinite, point))],
            fill=line.area,
            stroke=not line.dots,
            show_dots=line.dots,
        )
    kinds = [line.kind for line in lines]
    chart.add_xml_filter(lambda root: _cleaned(root, title, kinds))
    return str(chart.render(is_unicode=True))


def _library() -> Any:
    """Return pygal, imported without what it leaves behind in the import system."""
    import pygal

    # A finder of pygal's map packages. It has no `find_spec`, so Python 3.11 warns at
    # each later import of a module that is missing, in a user's test run too.
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if not isinstance(finder, pygal.PluginImportFixer)
    ]
    return pygal


def _cleaned(root: Any, title: str, kinds: Sequence[str]) -> Element:
    """Return the chart *root* with classes of the page, and without what moves."""
    root.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-label", title)
    for parent in list(root.iter()):
        for child in list(parent):
            classes = child.get("class", "").split() if _is_element(child) else []
            if (
                not _is_element(child)
                or child.tag.rpartition("}")[2] in _UNUSED
                or {"tooltip", "titles", "background"} & set(classes)
            ):
                parent.remove(child)
            elif "series" in classes:
                number = int(classes[1].partition("-")[2])
                child.set("class", f"series {kinds[number]}")
    return root  # type: ignore[no-any-return]  # pygal ships no types


_UNUSED = frozenset({"script", "style", "defs", "desc", "title"})


def _is_element(node: Any) -> bool:  # a comment has a function as its tag
    return isinstance(node.tag, str)
