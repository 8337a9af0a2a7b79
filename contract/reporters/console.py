"""Console reporter; control characters in server output are escaped."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from textwrap import wrap

from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from contract.model.check import Finding
from contract.model.escape import escape_controls
from contract.reporters.attribution import NAMES as ASPECTS
from contract.reporters.attribution import (
    TITLES,
    Attribution,
    Blame,
    attributions,
    place,
    sides,
)
from contract.reporters.attribution import (
    VERDICTS as PERMISSIONS,
)
from contract.reporters.base import (
    again_all,
    by_family,
    by_target,
    causes_first,
    count,
    figures,
    format_figure,
    headline,
    mask_report,
    observed,
    remarks,
    replies_judged,
    reporter,
    verdict,
)
from contract.reporters.changes import (
    NO_STREAMS,
    CheckChange,
    changed_checks,
    changed_figures,
    how_measured,
    latencies,
    since_baseline,
    summary,
)
from contract.run.altered import Verdict
from contract.run.compare import Change, Comparison
from contract.run.report import Header, Outcome, Report, Result

STYLES = {
    Outcome.ERROR: "bold magenta",
    Outcome.FAIL: "bold red",
    Outcome.WAIVED: "yellow",
    Outcome.SKIP: "cyan",
    Outcome.PASS: "green",
}
CHANGES = {Change.WORSE: "bold red", Change.DIFFERENT: "yellow", Change.BETTER: "green"}
BLAMES = {Blame.GATEWAY: "bold red", Blame.BACKEND: "yellow", Blame.REPAIRED: "green"}
ALTERED = {Verdict.NEVER: "bold red", Verdict.UNLISTED: "yellow"}
VERDICTS = {"slower": "bold red", "faster": "green"}
WIDTH = 88
MOST_LISTED = 20  # causes, and checks of one cause, that the list at the end names
MOST_SKIPPED = 6  # skipped checks with the same reason that are all named
A_FEW = 3  # fewer errors with the same reason are shown one by one
COMMANDS = {"again", "request", "url"}  # to be copied
PERCENTILES = ("p50", "p95", "p99", "max", "min", "rate", "low", "high")
# What a line begins with, and its sentence stands behind: spaces, and perhaps a label.
_LABEL = re.compile(r"\s*(?:\S+\s{2,})?")
# The source of a check: a page, or an issue such as `vllm-project/vllm#33402`.
_SOURCE = re.compile(
    r"\s+source\s+((?P<url>https://[^\s,;)>]+)|([\w.-]+/[\w.-]+)#(\d+))"
)
ORDER = (Outcome.PASS, Outcome.FAIL, Outcome.WAIVED, Outcome.SKIP, Outcome.ERROR)


@reporter("console", suffix=".txt")
def console(report: Report) -> str:
    """Return what a terminal shows, as plain text."""
    page = io.StringIO()
    show(report, Console(file=page, width=WIDTH, color_system=None))
    return page.getvalue()


def show(
    report: Report,
    console: Console,
    *,
    verbose: bool = False,
    quiet: bool = False,
    sampled: bool = False,
) -> None:
    """
    Print a section per target with its results, the worst first, and the verdict.

    On a terminal, sentences are wrapped at its width and sources are links. Commands
    are never wrapped, so that they can be copied, and in a file no line is.

    Args:
        report: The report to print.
        console: Where to print it.
        verbose: Whether to list passed and skipped checks one by one too.
        quiet: Whether to print only the verdict of each target.
        sampled: Whether requirements were judged on a sample of the replies.
    """
    interactive = console.file.isatty()
    # A secret that is divided by a line break would pass the gate of the output.
    parts = list(by_target(mask_report(report)))
    for number, part in enumerate(parts):
        if not quiet:
            if number:
                console.print()
            for line in _section(part, verbose=verbose, sampled=sampled):
                _print(console, line, interactive=interactive)
        _print(console, _verdict(part, name=quiet), interactive=interactive)
    if len(parts) != 1:
        if parts and not quiet:
            console.print()
            console.print(_targets(parts))
        _print(console, _verdict(report), interactive=interactive)


def _print(console: Console, line: RenderableType, *, interactive: bool) -> None:
    """Print *line*; if *interactive*, a sentence is wrapped below its beginning."""
    if not isinstance(line, Text):
        console.print(line)
        return
    if interactive and (found := _SOURCE.match(line.plain)):
        url = found["url"] or f"https://github.com/{found[3]}/issues/{found[4]}"
        line.stylize(Style(link=url), found.start(1), found.end())
    start = _LABEL.match(line.plain)
    hang = start.end() if start else 0
    if not interactive or line.no_wrap or line.cell_len <= console.width:
        console.print(line, soft_wrap=True)
        return
    hang = hang if hang <= console.width // 2 else 0
    label, value = line[:hang], line[hang:]
    for number, part in enumerate(value.wrap(console, console.width - hang)):
        part.rstrip()
        console.print(Text.assemble(" " * hang if number else label, part))


def _section(
    report: Report, *, verbose: bool, sampled: bool = False
) -> Iterable[RenderableType]:
    for header in report.headers:
        yield from _header(header, Text(headline(report), _color(report)))
    grouped: dict[tuple[Outcome, str], list[Result]] = {}
    hints: set[str] = set()
    for result in _in_order(report):
        if not verbose and (reason := _group_reason(result)):
            grouped.setdefault((result.outcome, reason), []).append(result)
        elif result.outcome is not Outcome.PASS or verbose:
            yield from _result(report, result, hints)
    if grouped:
        yield Text()
    for (outcome, reason), results in grouped.items():
        yield from _group(report, outcome, reason, results)
    if report.results:
        yield Text()
        yield _families(report)
        yield Text()
    if not sampled and (judged := replies_judged(report)):
        yield Text(judged, "dim")
        yield Text()
    yield from _latencies(report)
    yield from _since(report, verbose=verbose)
    yield from _behind(report, verbose=verbose)
    yield from _failed(report)


def _latencies(report: Report) -> Iterable[RenderableType]:
    """Yield the table of what was measured, by checks and on the side."""
    judged_figures, (seen, streams) = figures(report.results), observed(report.results)
    if rows := {**seen, **judged_figures}:
        yield _figures(rows)
        yield Text()
    if unjudged := [metric for metric in rows if metric not in judged_figures]:
        yield Text(
            f"{', '.join(unjudged)}: {count(streams, 'stream')} of this run, while "
            "other requests ran; --budget NAME=TIME measures and judges them alone",
            "dim",
        )
        yield Text()


def _since(report: Report, *, verbose: bool) -> Iterable[Text]:
    """Yield what changed since the baseline."""
    for comparison in since_baseline(report):
        before = comparison.before
        yield Text.assemble(
            ("What changed since ", "bold"),
            (escape_controls(f"{before.target}, {before.description}"), "bold"),
        )
        if before.trouble:
            yield Text("  " + escape_controls(before.trouble), "yellow")
        yield from changes(comparison, verbose=verbose, known=True)
        yield Text()


def _behind(report: Report, *, verbose: bool) -> Iterable[Text]:
    """Yield whose failures they are, and what the gateway changed."""
    for one in attributions(report):
        behind = one.comparison.before
        origin = f"{behind.target}: {behind.description}"
        yield Text.assemble(("Behind it: ", "bold"), (escape_controls(origin), "bold"))
        if behind.trouble:
            yield Text("  " + escape_controls(behind.trouble), "yellow")
        yield from _blamed(one, verbose=verbose)
        yield from _altered(one)
        for latency in one.latencies:
            if latency.verdict in VERDICTS:
                yield Text(f"  {latency.metric} {latency.percentile}: {latency}")
        yield from (Text(escape_controls(line), "dim") for line in one.remarks)
        yield Text(one.summary, "bold")
        yield Text()


def _blamed(one: Attribution, *, verbose: bool) -> Iterable[Text]:
    """Yield the failed checks by whose failure they are."""
    for blame, title in TITLES.items():
        found = one.checks[blame]
        if not found or (blame is Blame.UNKNOWN and not verbose):
            continue
        yield Text(title, BLAMES.get(blame, "cyan"))
        shown = found if verbose else found[:MOST_LISTED]
        for check in shown:
            outcomes = f"backend {check.before}, gateway {check.after}"
            yield Text(f"  {escape_controls(check.name)}   {check.level}   {outcomes}")
        if hidden := len(found) - len(shown):
            yield Text(f"  and {hidden} more; -v lists them", "dim")


def _altered(one: Attribution) -> Iterable[Text]:
    """Yield what the gateway changed, the worst first."""
    for permission, words in PERMISSIONS.items():
        found = [each for each in one.alterations if each.verdict is permission]
        if found:
            yield Text(f"Changed: {words}", ALTERED.get(permission, "cyan"))
        for each in found:
            line = f"  {ASPECTS[each.aspect]}   {escape_controls(place(each))}"
            yield Text(line.rstrip())
            for label, value in sides(each):
                yield _field(label, value, indent=4)


def changes(
    comparison: Comparison, *, verbose: bool, known: bool = False
) -> Iterable[Text]:
    """
    Yield the lines of what changed between two runs, the worst first.

    *verbose* lists newly judged checks too, and latencies that did not change. The
    reasons of failures are left out if they are *known*.
    """
    silent = {Change.SAME} if verbose else {Change.SAME, Change.GAINED}
    for change in (change for change in Change if change not in silent):
        found = changed_checks(comparison, change)
        most = MOST_LISTED if known and not verbose else len(found)
        for one in found[:most]:
            yield from _check_lines(change, one, known=known)
        if (hidden := len(found) - most) > 0:
            yield Text(f"{'':<11}and {hidden} more; -v lists them", "dim")
    moved: dict[str, list[str]] = {}
    for figure in changed_figures(comparison):
        moved.setdefault(figure.metric, []).append(f"{figure.percentile} {figure}")
    for metric, parts in moved.items():
        yield Text.assemble(
            (f"{'FIGURE':<11}", "cyan"),
            (escape_controls(metric), "bold"),
            escape_controls("   " + ", ".join(parts)),
        )
    yield from _changed_latencies(comparison, verbose=verbose)
    yield Text(summary(comparison.changes), "bold")


def _check_lines(change: Change, one: CheckChange, *, known: bool) -> Iterable[Text]:
    """Yield a line with both outcomes, then the reasons for the present outcome."""
    yield Text.assemble(
        (f"{change.value.upper():<11}", CHANGES.get(change, "cyan")),
        (escape_controls(one.name), "bold"),
        f"   {one.level}   {one.before} → {one.after}",
    )
    if known and one.after in {Outcome.FAIL.value, Outcome.ERROR.value}:
        return
    yield from (Text(" " * 11 + escape_controls(line), "dim") for line in one.reasons)


def _changed_latencies(comparison: Comparison, *, verbose: bool) -> Iterable[Text]:
    """Yield a line for each latency that changed, and one for all others."""
    found = latencies(comparison)
    if not found:
        if comparison.before.streams or comparison.after.streams:
            yield Text(NO_STREAMS, "dim")
        return
    clear = [one for one in found if verbose or one.verdict in VERDICTS]
    for one in clear:
        yield Text.assemble(
            (f"{'LATENCY':<11}", VERDICTS.get(one.verdict, "cyan")),
            (f"{one.metric} {one.percentile}", "bold"),
            f"   {one}",
        )
    if len(clear) < len(found):
        same = [f"{o.metric} {o.percentile}" for o in found if o not in clear]
        yield Text(f"{'LATENCY':<11}{', '.join(same)}: no clear change", "dim")
    yield Text(how_measured(found), "dim")


def _failed(report: Report) -> Iterable[Text]:
    """Yield a line for each cause of failures, and the command to run them again."""
    failed = causes_first(report)
    if not failed:
        return
    causes = _by_hint(failed)
    yield Text(f"{count(len(failed), 'check')} failed, causes first", "bold")
    shown = causes[:MOST_LISTED]
    width = max(len(escape_controls(first.check.id)) for first, *_ in shown)
    for first, *others in shown:
        yield from _cause(report, first, others, width)
    if hidden := sum(map(len, causes[MOST_LISTED:])):
        yield Text(f"         and {hidden} more", "dim")
    if again := again_all(failed):
        yield _field("again", again, indent=2)
    yield Text()


def _by_hint(failed: Iterable[Result]) -> list[list[Result]]:
    """Return *failed*, those with the same hint together: it names their cause."""
    causes: dict[str, list[Result]] = {}
    for number, result in enumerate(failed):
        hint = next((f.hint for f in result.findings if f.hint), "")
        causes.setdefault(hint or f"\0{number}", []).append(result)
    return list(causes.values())


def _cause(
    report: Report, first: Result, others: list[Result], width: int
) -> Iterable[Text]:
    """Yield a line for the *first* check of a cause, its hint, and the *others*."""
    is_warning = report.is_warning(first)
    label = "WARN" if is_warning else "FAIL"
    remark = str(first.tally) if first.tally else first.findings[0].message
    yield Text.assemble(
        "  ",
        (f"{label:<7}", "yellow" if is_warning else STYLES[Outcome.FAIL]),
        f"{escape_controls(first.check.id):<{width}}",
        f"   {first.check.level.value:<6}",
        (f"   {escape_controls(remark)}", "dim"),
    )
    if hint := next((f.hint for f in first.findings if f.hint), ""):
        yield _field("hint", hint, indent=9)
    if others:
        names = [
            one.check.id
            + ("" if one.check.level is first.check.level else f" ({one.check.level})")
            for one in others
        ]
        if hidden := names[MOST_LISTED:]:
            names[MOST_LISTED:] = [f"and {len(hidden)} more"]
        yield _field("also", ", ".join(names), indent=9)


def _in_order(report: Report) -> list[Result]:
    """Return the results: failed, waived, errors, skipped, passed."""
    order = [Outcome.WAIVED, Outcome.ERROR, Outcome.SKIP, Outcome.PASS]
    others = [r for r in report.worst_first() if r.outcome is not Outcome.FAIL]
    others.sort(key=lambda result: order.index(result.outcome))
    return [*causes_first(report), *others]


def _header(header: Header, outcome: Text) -> Iterable[Text]:
    """Yield the target with its *outcome*, and how it was judged."""
    yield Text.assemble((escape_controls(header.target), "bold"), "   ", outcome)
    why = f" ({header.why})" if header.why else ""
    requests = f"{header.requests} in {header.seconds:.1f} s"
    for name, value in (
        ("url", header.url),
        ("profile", header.profile + why),
        ("model", header.model),
        ("requests", requests if header.requests else ""),
        ("tool", f"magistral-contract {header.version}, {header.started}"),
        *(("note", note) for note in header.notes),
        ("trouble", header.trouble),
    ):
        if value:
            yield _field(name, value, indent=2)


def _result(report: Report, result: Result, hints: set[str]) -> Iterable[Text]:
    """Yield the lines of a result; *hints* are those that have been printed before."""
    outcome, check = result.outcome, result.check
    label, style = outcome.value.upper(), STYLES[outcome]
    if report.is_warning(result):
        label, style = "WARN", "yellow"
    line = Text.assemble(
        (f"{label:<7}", style),
        (escape_controls(check.id), "bold"),
        f"   {check.level.value}   {escape_controls(result.target)}",
    )
    if outcome in {Outcome.PASS, Outcome.SKIP}:
        reason = result.reason or (str(result.tally) if result.tally else "")
        yield line.append(f"   {escape_controls(reason)}" if reason else "")
        return
    yield Text()
    yield line
    yield Text(" " * 7 + escape_controls(check.requirement))
    for finding in result.findings:
        yield from _finding(finding, hints)
    yield _field("source", check.source)
    for name, value in remarks(result):
        yield _field(name, value)


def _finding(finding: Finding, hints: set[str]) -> Iterable[Text]:
    """Yield the lines of a finding; its hint is added to *hints*."""
    hint = "the same as above" if finding.hint in hints else finding.hint
    hints.add(finding.hint)
    yield Text(" " * 7 + escape_controls(finding.message), "bold")
    for name, value in (*finding.details, ("hint", finding.hint and hint)):
        if value:
            yield _field(name, value, indent=9)


def _field(name: str, value: str, indent: int = 7) -> Text:
    """Return a named value as a line; a command is not to be wrapped."""
    width = 19 - indent
    line = Text.assemble(
        " " * indent, (f"{name:<{width}}", "dim"), escape_controls(value)
    )
    line.no_wrap = name in COMMANDS
    return line


def _group_reason(result: Result) -> str:
    """
    Return the reason that groups similar results; empty if *result* is shown alone.

    It leaves out what differs between skipped checks; --verbose shows that too.
    """
    reason = result.reason
    if result.outcome is Outcome.ERROR and not result.broken:
        return reason
    if result.outcome is not Outcome.SKIP:
        return ""
    profile, no_budget, _ = reason.partition(" sets no budget")
    if no_budget:
        return f"{profile} sets no budget for it; add --budget NAME=TIME"
    profile, tolerates, _ = reason.partition(" tolerates ")
    return f"{profile} tolerates it" if tolerates else reason


def _group(
    report: Report, outcome: Outcome, reason: str, results: list[Result]
) -> Iterable[Text]:
    """Yield the lines of *results*, which share their outcome and *reason*."""
    if outcome is Outcome.ERROR and len(results) < A_FEW:
        for result in results:
            yield from _result(report, result, set())
        return
    names = [escape_controls(result.check.id) for result in results]
    label = (f"{outcome.value.upper():<7}", STYLES[outcome])
    if len(names) == 1:
        yield Text.assemble(label, f"{names[0]}   {escape_controls(reason)}")
        return
    yield Text.assemble(label, f"{len(names)} × {escape_controls(reason)}")  # noqa: RUF001  # times
    if outcome is Outcome.SKIP and len(names) > MOST_SKIPPED:
        names[A_FEW:] = [f"and {len(names) - A_FEW} more; -v lists them"]
    yield from (
        Text(f"       {line}", "dim")
        for line in wrap(", ".join(names), break_on_hyphens=False)
    )


def _families(report: Report) -> Table:
    table = _table("family")
    for family, counts in by_family(report.results).items():
        table.add_row(Text(escape_controls(family)), *_cells(counts))
    return table


def _figures(rows: dict[str, dict[str, float]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("measured")
    seen = {name for row in rows.values() for name in row}
    columns = [name for name in PERCENTILES if name in seen]
    for name in columns:
        table.add_column(name, justify="right")
    for metric, row in rows.items():
        cells = [format_figure(metric, row[n]) if n in row else "·" for n in columns]
        table.add_row(escape_controls(metric), *cells)
    return table


def _targets(parts: list[Report]) -> Group:
    table = _table("target", "verdict")
    for part in parts:
        name = (part.headers or part.results)[0].target
        cells = _cells(part.counts)
        table.add_row(
            Text(escape_controls(name)), Text(headline(part), _color(part)), *cells
        )
    return Group(table, Text())


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold")
    for outcome in ORDER:
        table.add_column(outcome.value, justify="right")
    return table


def _cells(counts: dict[Outcome, int]) -> list[Text]:
    return [
        Text(str(counts[o]), STYLES[o]) if counts[o] else Text("·", "dim")
        for o in ORDER
    ]


def _color(report: Report) -> str:
    if not report.results:
        return "bold yellow"
    return {0: "bold green", 1: "bold red"}.get(report.exit_code, "bold magenta")


def _verdict(report: Report, *, name: bool = False) -> Text:
    line = Text(verdict(report), _color(report))
    if name:
        return Text.assemble(
            escape_controls((report.headers or report.results)[0].target), " ", line
        )
    return line
