"""Markdown pages of a run: the results, and a page for each failed check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.client.credentials import KEYS
from contract.client.curl import curl
from contract.exporters.base import Source
from contract.model.escape import escape_controls
from contract.reporters.base import causes_first, count, figures, format_figure
from contract.reporters.markdown import code, markdown, text
from contract.run.report import Header, Outcome, Report, Result

# The most pages of failed checks; the results page lists all of them.
MOST_PAGES = 60
MOST_CURL = 8_000  # characters of a command that people paste


@dataclass(frozen=True, slots=True)
class Page:
    """A page of documentation."""

    # The title, unique and stable.
    title: str
    # The content, as Markdown.
    text: str


def pages(source: Source) -> tuple[Page, ...]:
    """
    Return the results of the run of *source*, then a page for each failed check.

    Without a run there is none. A page has what a failure is discussed with: the
    requirement, its source, expected and actual, the hint and a curl command.
    """
    if source.report is None:
        return ()
    results = Page("Results of the contract", _results(source.report))
    return (results, *_failed(source, source.report))


def _results(report: Report) -> str:
    lines = ["# Results of the contract", ""]
    lines += map(_origin, report.headers)
    lines += ["", markdown.render(report)]
    if measured := figures(report.results):
        lines += [
            "",
            "## Figures",
            "",
            "| Metric | Percentile | Value |",
            "|---|---|---|",
        ]
        lines += [
            f"| {code(metric)} | {code(percentile)} | {format_figure(metric, value)} |"
            for metric, values in measured.items()
            for percentile, value in sorted(values.items())
        ]
    return "\n".join(lines).rstrip() + "\n"


def _origin(header: Header) -> str:
    return (
        f"- {code(header.target)}: started {text(header.started)}, "
        f"{count(header.requests, 'request')}, judged by magistral-contract "
        f"{text(header.version)}"
    )


def _failed(source: Source, report: Report) -> Iterator[Page]:
    several = len({result.target for result in report.results}) > 1
    unjudged = [r for r in report.results if r.outcome is Outcome.ERROR]
    for result in [*causes_first(report), *unjudged][:MOST_PAGES]:
        title = f"{result.outcome.value.upper()} {result.check.id}"
        if several:
            title += f", {result.target}"
        yield Page(title, "\n".join(_page(source, result)).rstrip() + "\n")


def _page(source: Source, result: Result) -> Iterator[str]:
    check = result.check
    yield f"# {code(check.id)}"
    yield ""
    yield f"**{result.outcome.value}** ({check.level}) on {code(result.target)}"
    yield ""
    yield text(check.requirement)
    yield ""
    yield f"Source: {text(check.source)}"
    yield ""
    if result.reason:
        yield f"Reason: {text(result.reason)}"
        yield ""
    if result.tally is not None and result.tally.broken:
        yield text(str(result.tally))
        yield ""
    for finding in result.findings:
        yield f"- {text(finding.message)}"
        for name, value in finding.details:
            yield f"  - {name}: {code(value)}"
        if finding.hint:
            yield f"  - hint: {text(finding.hint)}"
    if command := _curl(source, result):
        yield ""
        yield "```sh"
        yield command
        yield "```"
    if result.again:
        yield ""
        yield f"Run it again: {code(result.again)}"


def _curl(source: Source, result: Result) -> str:
    """Return the request as one line for a shell; empty if there is none, or a long."""
    command = result.curl
    if not command and result.exchanges:
        request = result.exchanges[0].request
        key = KEYS[0] if request.header("authorization") else None
        command = curl(source.base_url, request, key=key)
    shown = escape_controls(command)
    return shown if len(shown) <= MOST_CURL and "```" not in shown else ""
