"""Reports of a load test: console, HTML, JSON, Markdown and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from contract.load.lag import Generator
from contract.load.report import (
    GOOD_SHARE,
    LoadReport,
    Row,
    best_good,
    knee,
    load_of,
    per_user,
    rows,
    throughput,
    to_json,
)
from contract.load.running import Step
from contract.load.totals import PERCENTS, format_figure
from contract.model.escape import escape_controls, escape_json
from contract.model.redaction import SECRETS
from contract.reporters.base import causes_first, count, verdict_word
from contract.reporters.console import show as show_results
from contract.reporters.markdown import code, text
from contract.run.report import Outcome, Report

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = tuple(f"p{percent:g}" for percent in PERCENTS)
MOST_FINDINGS = 20  # of a Markdown report
PAGE_LADDER = (2_000, 400, 80)  # characters of one text; the first that fits


@dataclass(frozen=True, slots=True)
class LoadReporter:
    """A kind of report of a load test, which shows no secret of the process."""

    # The name of the kind, as in `--report KIND=PATH`.
    id: str
    # The usual file name extension, with its dot.
    suffix: str
    # Returns the whole text of the file.
    compose: Callable[[LoadReport], str]

    def render(self, found: LoadReport) -> str:
        """Return the report *found* as text."""
        return SECRETS.mask(self.compose(found))


def facts(step: Step) -> Iterator[tuple[str, str]]:
    """Yield what one step was and did, as names and values."""
    plan, totals = step.plan, step.totals
    model = "closed model" if plan.users is not None else "open model"
    yield "load", f"{load_of(step)} ({model}), {plan.duration:g} s"
    if plan.warm_up:
        yield "warm-up", f"{plan.warm_up:g} s, not measured"
    yield "scenario", f"{plan.scenario.name}, seed {plan.seed}"
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(totals.kinds.items()))
    yield "requests", f"{totals.sent} sent: {kinds or 'none'}"
    if totals.goodput is not None:
        good = f"{totals.rate(totals.good):.2f} requests/s"
        yield "goodput", f"{totals.goodput:.1%} of {totals.measured}, {good}"
    answers = f"{totals.rate(totals.answered):.2f} answers/s"
    yield "throughput", f"{throughput(step):.0f} output tokens/s, {answers}"
    if totals.late:
        yield "late starts", f"{totals.late} of {totals.measured}"
    yield "in flight", f"{step.most_in_flight} at most"
    if step.times:
        yield "times", step.times
    for number, one in enumerate(step.generators, 1):
        which = f" {number}" if len(step.generators) > 1 else ""
        yield f"generator{which}", _busy(one)


def _busy(one: Generator) -> str:
    return (
        f"{one.cpu:.0%} of a core, reacted {1_000 * one.lag_p50:.1f} ms late (p50), "
        f"{1_000 * one.lag_p95:.1f} ms (p95), {1_000 * one.lag_p99:.1f} ms (p99)"
    )


def judged(found: LoadReport) -> str:
    """
    Return on how many replies all requirements were judged, and what that finds.

    Of n replies drawn at random, one at least is broken with a probability of 95 % if a
    share of 3/n or more of all are (the rule of three; Hanley and Lippman-Hand 1983).
    """
    sent = sum(step.totals.sent for step in found.steps)
    if found.sampled >= sent or not found.sampled:
        return f"all requirements on {found.sampled} of {sent} replies"
    return (
        f"all requirements on {found.sampled} of {sent} replies, drawn at random or "
        f"suspicious; a defect in {3 / found.sampled:.1%} of them is found with a "
        "probability of 95 %"
    )


# ---- console ---------------------------------------------------------------------


def show(
    found: LoadReport, console: Console, *, quiet: bool = False, verbose: bool = False
) -> None:
    """
    Print the figures of each step, then the results, then the verdict.

    *quiet* prints the verdict only, *verbose* lists passed and skipped checks, too.
    """
    bare = replace(
        found.report,
        results=tuple(
            replace(r, exchanges=(), figures={})
            for r in found.report.results
            if verbose or r.outcome is not Outcome.SKIP or r.check.every is None
        ),
    )
    if not quiet:
        if len(found.steps) > 1:
            console.print(_sweep_table(found))
            for line in sweep_sentences(found):
                console.print(Text(line), soft_wrap=not console.is_terminal)
            console.print()
        for step in found.steps if len(found.steps) == 1 else ():
            for name, value in facts(step):
                console.print(
                    Text.assemble((f"{name:<12} ", "dim"), escape_controls(value)),
                    soft_wrap=not console.is_terminal,
                )
            console.print()
            console.print(_metrics_table(step))
            console.print()
        for name, value in (("judged", judged(found)), ("saved", found.saved)):
            if value:
                console.print(
                    Text.assemble((f"{name:<12} ", "dim"), escape_controls(value)),
                    soft_wrap=not console.is_terminal,
                )
        console.print()
    show_results(bare, console, quiet=quiet, verbose=verbose, sampled=True)


def _metrics_table(step: Step) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("metric")
    table.add_column("n", justify="right")
    for name in (*COLUMNS, "max"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows(step):
        values = (*row.percentiles, row.largest)
        cells = (format_figure(row.name, value) for value in values)
        table.add_row(row.name, str(row.n), *cells)
    return table


def _sweep_table(found: LoadReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("load")
    for name in SWEEP_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    bend, best = knee(found.steps), best_good(found.steps)
    for number, step in enumerate(found.steps):
        marks = "".join(
            mark
            for mark, place in ((" knee", bend), (" good", best))
            if place == number
        )
        style = "bold" if number == bend else None
        table.add_row(f"{load_of(step)}{marks}", *sweep_cells(step), style=style)
    return table


SWEEP_COLUMNS = ("goodput", "good/s", "tokens/s", "per user", "TTFT p95", "E2E p95")


def sweep_cells(step: Step) -> tuple[str, ...]:
    """Return the cells of *step* below `SWEEP_COLUMNS`."""
    totals = step.totals
    ttft = totals.latencies["ttft"].percentile(95)
    e2e = totals.latencies["e2e"].percentile(95)
    return (
        "" if totals.goodput is None else f"{totals.goodput:.0%}",
        f"{totals.rate(totals.good):.2f}",
        f"{throughput(step):.0f}",
        f"{per_user(step):.0f}",
        "" if ttft is None else format_figure("ttft", ttft),
        "" if e2e is None else format_figure("e2e", e2e),
    )


def sweep_sentences(found: LoadReport) -> Iterator[str]:
    """Yield where the knee of a sweep is, and the highest good step."""
    bend, best, last = knee(found.steps), best_good(found.steps), len(found.steps) - 1
    if bend is not None:
        yield (
            f"knee: {load_of(found.steps[bend])}, where throughput by response time is "
            "greatest" + ("; go on with higher loads" if bend == last else "")
        )
    if best is not None:
        yield (
            f"good: {load_of(found.steps[best])} is the highest load of which "
            f"{GOOD_SHARE:.0%} of the requests are within all budgets"
        )
    elif found.steps:
        yield f"good: at no load are {GOOD_SHARE:.0%} of the requests within budgets"


# ---- files -----------------------------------------------------------------------


def as_json(found: LoadReport) -> str:
    """Return JSON in ASCII, as `load-v1.schema.json` describes it."""
    return escape_json(json.dumps(to_json(found), indent=2)) + "\n"


def as_csv(found: LoadReport) -> str:
    """Return a line for each metric of each step; times are seconds."""
    page = io.StringIO()
    table = csv.writer(page, lineterminator="\n")
    table.writerow(("load", "metric", "unit", "n", *COLUMNS, "max"))
    for step in found.steps:
        totals = step.totals
        for row in rows(step):
            values = (f"{value:.6f}" for value in (*row.percentiles, row.largest))
            table.writerow((load_of(step), row.name, row.unit, row.n, *values))
        blank = ("",) * (len(COLUMNS) + 1)
        for name, unit, value in (
            ("goodput", "share", totals.goodput or 0.0),
            ("goodput_rate", "requests/s", totals.rate(totals.good)),
            ("throughput", "tokens/s", throughput(step)),
        ):
            cells = (load_of(step), name, unit, totals.measured)
            table.writerow((*cells, f"{value:.6f}", *blank[1:]))
    return page.getvalue()


def markdown(found: LoadReport) -> str:
    """Return the verdict, the figures and the findings, for a comment or a summary."""
    report = found.report
    header = report.headers[0]
    lines = [f"**{verdict_word(report)}**: load on {code(header.target)}", ""]
    if header.trouble:
        lines += [f"Not whole: {text(header.trouble)}", ""]
    if len(found.steps) > 1:
        lines += _row(("load", *SWEEP_COLUMNS))
        lines += _rule(len(SWEEP_COLUMNS) + 1)
        for step in found.steps:
            lines += _row((load_of(step), *sweep_cells(step)))
        lines += ["", *(f"- {text(line)}" for line in sweep_sentences(found)), ""]
    else:
        for step in found.steps:
            lines += [f"- {name}: {text(value)}" for name, value in facts(step)]
            lines += ["", *_row(("metric", "n", *COLUMNS, "max"))]
            lines += _rule(len(COLUMNS) + 3)
            for row in rows(step):
                values = (*row.percentiles, row.largest)
                shown = (format_figure(row.name, value) for value in values)
                lines += _row((row.name, str(row.n), *shown))
            lines.append("")
    failed = causes_first(report)
    for result in failed[:MOST_FINDINGS]:
        lines.append(f"- {code(result.check.id)} {result.check.level.value}")
        lines += [f"  - {text(finding.message)}" for finding in result.findings[:3]]
    if more := len(failed) - MOST_FINDINGS:
        lines += [f"- and {more} more"] if more > 0 else []
    passed = count(report.counts[Outcome.PASS], "requirement")
    lines += ["", f"{passed} passed. {_capital(judged(found))}."]
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(cells) + " |"]


def _rule(columns: int) -> list[str]:
    return ["|---|" + "---:|" * (columns - 1)]


def html(found: LoadReport) -> str:
    """
    Return a page with the figures, the pictures and the findings.

    It loads nothing, has no script, and is smaller than 1 MB.
    """
    from contract.cli.load_page import pictures
    from contract.reporters.page.rendering import MOST_BYTES, fill

    drawn = pictures(found)
    page = ""
    for limit in PAGE_LADDER:
        page = fill(
            "load.html",
            limit,
            word=verdict_word(found.report),
            mark={0: "pass", 1: "fail"}.get(found.exit_code, "error"),
            header=found.report.headers[0],
            summary=_summary(found.report),
            steps=[
                {
                    "name": load_of(step),
                    "facts": list(facts(step)),
                    "rows": [_page_row(row) for row in rows(step)],
                }
                for step in found.steps
            ],
            columns=COLUMNS,
            sweep_columns=SWEEP_COLUMNS,
            sweep=[(load_of(step), sweep_cells(step)) for step in found.steps]
            if len(found.steps) > 1
            else [],
            sentences=list(sweep_sentences(found)) if len(found.steps) > 1 else [],
            pictures=drawn,
            failed=causes_first(found.report),
            judged=_capital(judged(found)),
            saved=found.saved,
            counts=found.report.counts,
        )
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def _page_row(row: Row) -> dict[str, object]:
    values = (*row.percentiles, row.largest)
    return {
        "name": row.name,
        "meaning": row.meaning,
        "n": row.n,
        "cells": [format_figure(row.name, value) for value in values],
    }


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _summary(report: Report) -> str:
    counts = report.counts
    parts = [
        f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome]
    ]
    return f"Requirements: {', '.join(parts) or 'none judged'}"


REPORTERS = {
    one.id: one
    for one in (
        LoadReporter("csv", ".csv", as_csv),
        LoadReporter("html", ".html", html),
        LoadReporter("json", ".json", as_json),
        LoadReporter("markdown", ".md", markdown),
    )
}
