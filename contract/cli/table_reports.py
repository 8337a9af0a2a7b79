"""Tables of recordings: HTML for people, Markdown for documents, text for terminals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from contract.cli.table_rows import (
    METRICS,
    NOT_STATED,
    Row,
    cell,
    families,
    mark,
    outcome_of,
    summary,
)
from contract.model.escape import escape_controls
from contract.model.redaction import SECRETS
from contract.reporters.base import count, moment
from contract.reporters.markdown import code, shortened, text
from contract.run.report import Result

if TYPE_CHECKING:
    from rich.console import Console

# Characters of one text, and findings of one check, of a page; the first that fits.
PAGE_LADDER = ((2_000, 5), (400, 2), (120, 1), (60, 0))
MOST_FINDINGS = 3  # of one check, in Markdown
MARKS = {"PASSED": "pass", "FAILED": "fail"}
HEADINGS = ("failed", "warn", "waived", "passed", "not judged")
WIDEST = 48  # characters of the names that are below each other in a terminal
VERDICT = 15  # characters of the longest verdict
STYLES = {"PASSED": "green", "FAILED": "bold red"}
HINTS = (
    "A cell says how many checks failed or were waived, of those that were judged. A "
    "number alone: all of them passed. An empty cell: none was judged, because the "
    "profile does not offer it or its requests were not recorded."
)
TIMES = (
    "Times are p50 / p95 of all whole streams of the recording, while other requests "
    "ran: those of that machine, model and day."
)


@dataclass(frozen=True, slots=True)
class TableReporter:
    """A kind of table of recordings, which shows no secret of the process."""

    # The name of the kind, and of its option.
    id: str
    # The usual file name extension, with its dot.
    suffix: str
    # Returns the text of the file, of the rows and the address of docs/checks.md.
    compose: Callable[[Sequence[Row], str], str]

    def render(self, rows: Sequence[Row], checks_page: str = "") -> str:
        """
        Return the table of *rows*.

        *checks_page* is the address of docs/checks.md, to which failed checks are
        linked; empty for no links.
        """
        return SECRETS.mask(self.compose(rows, checks_page))


def address(checks_page: str, family: str) -> str:
    """Return where the checks of *family* are described; "" without a page."""
    return f"{checks_page}#{family}" if checks_page else ""


# ---- Markdown --------------------------------------------------------------------


def markdown(rows: Sequence[Row], checks_page: str) -> str:
    """
    Return tables of engines, families and figures, and what failed.

    Text of a server is inert, as in the Markdown of a run.
    """
    names = [code(one.name) for one in rows]
    lines = [
        "## Which engine keeps the contract",
        "",
        f"**{text(summary(rows))}**",
        "",
        *_table(
            ("Recording", "Engine", "Profile", "Verdict", *COLUMNS),
            (
                (
                    code(one.name),
                    text(engine(one)),
                    code(one.header.profile),
                    one.verdict if one.kept else f"**{one.verdict}**",
                    *map(str, _numbers(one)),
                )
                for one in rows
            ),
            numbers=len(COLUMNS),
        ),
        "",
        "## Family by family",
        "",
        HINTS,
        "",
        *_table(
            ("Family", *names),
            (
                (
                    _linked(family, address(checks_page, family)),
                    *(_cell(one, family) for one in rows),
                )
                for family in families(rows)
            ),
        ),
        "",
        "## Identity, published figures and times",
        "",
        TIMES,
        "",
        *_table(
            (
                "Recording",
                "Model",
                "Identity",
                "Published figures",
                *map(str.upper, METRICS),
                "Streams",
            ),
            (
                (
                    code(one.name),
                    code(one.header.model),
                    text(one.identity),
                    "<br>".join(map(text, one.claims)),
                    *(one.latency(metric) for metric in METRICS),
                    str(one.streams),
                )
                for one in rows
            ),
            numbers=len(METRICS) + 1,
        ),
        "",
    ]
    lines += _failures(rows, checks_page)
    lines += _servers(rows)
    return "\n".join(lines).rstrip() + "\n"


COLUMNS = ("MUST failed", "Warnings", "Waived", "Passed", "Not judged")


def _numbers(one: Row) -> tuple[int, ...]:
    """Return the numbers below `COLUMNS`."""
    counts = one.counts
    return (
        counts["fail"],
        counts["warning"],
        counts["waived"],
        counts["pass"],
        counts["skip"] + counts["error"],
    )


def engine(one: Row) -> str:
    """Return the engine and its version in words."""
    return " ".join(
        filter(None, (one.engine, one.version or f"(version {NOT_STATED})"))
    )


def _cell(one: Row, family: str) -> str:
    counts = one.families.get(family, Counter())
    shown = cell(counts)
    return f"**{shown}**" if mark(counts) in {"fail", "error"} else shown


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0
) -> Iterator[str]:
    """Yield a table, whose last *numbers* columns are aligned to the right."""
    yield f"| {' | '.join(head)} |"
    yield "|---" * (len(head) - numbers) + "|--:" * numbers + "|"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


def _linked(words: str, where: str) -> str:
    return f"[{text(words)}]({where})" if where else text(words)


def _failures(rows: Sequence[Row], checks_page: str) -> Iterator[str]:
    yield "## What failed"
    yield ""
    if not any(one.failed for one in rows):
        yield "No check failed that is not waived."
        yield ""
    for one in rows:
        if not one.failed:
            continue
        yield f"### {code(one.name)}"
        yield ""
        for result in one.failed:
            yield from _failure(one, result, checks_page)
        yield ""
    yield "Waived are failures whose cause the profile states:"
    yield ""
    for one in rows:
        named = ", ".join(code(result.check.id) for result in one.waived)
        yield f"- {code(one.name)}: {named or 'none'}"
    yield ""


def _failure(one: Row, result: Result, checks_page: str) -> Iterator[str]:
    check = result.check
    where = address(checks_page, check.family)
    link = f"[{code(check.id)}]({where})" if where else code(check.id)
    yield f"- {link} ({check.level}, {outcome(one, result)}): {text(check.requirement)}"
    if result.reason:
        yield f"  - {text(shortened(result.reason))}"
    found = findings(result)
    for message, hint in found[:MOST_FINDINGS]:
        yield f"  - {text(shortened(message))}"
        if hint:
            yield f"    - hint: {text(shortened(hint))}"
    if (more := len(found) - MOST_FINDINGS) > 0:
        yield f"  - and {count(more, 'finding')} more"


def findings(result: Result) -> tuple[tuple[str, str], ...]:
    """Return what was found in *result* and what to do, each message once."""
    found: dict[str, str] = {}
    for finding in result.findings:
        found[finding.message] = found.get(finding.message) or finding.hint
    return tuple(found.items())


def outcome(one: Row, result: Result) -> str:
    """Return the outcome of *result* as a word of a sentence."""
    return {"fail": "failed", "error": "could not be judged"}.get(
        found := outcome_of(one.report, result), found
    )


def _servers(rows: Sequence[Row]) -> Iterator[str]:
    yield "## The recorded servers"
    yield ""
    for one in rows:
        began = moment(one.header.started)
        yield f"- {code(one.name)}: {text(engine(one))}, recorded {began}"
        if one.beside.about.started_with:
            yield f"  - started with {code(one.beside.about.started_with)}"
        yield from (f"  - {text(remark)}" for remark in one.remarks)
    yield ""


# ---- HTML ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FailureOnPage:
    """A failed check of one recording."""

    result: Result
    mark: str
    outcome: str
    where: str
    # What was found, and what to do.
    findings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RowOnPage:
    """One recording, as the template shows it."""

    row: Row
    # (mark, text) of each family.
    cells: tuple[tuple[str, str], ...]
    failures: tuple[FailureOnPage, ...]
    numbers: tuple[tuple[str, int, str], ...]
    engine: str
    times: tuple[tuple[str, str], ...]
    identity_mark: str
    claim_marks: tuple[tuple[str, str], ...]
    mark: str
    began: str


def html(rows: Sequence[Row], checks_page: str) -> str:
    """
    Return a page of engines and families, then one section for each recording.

    It loads nothing, has no script, and is smaller than 1 MB, unless there are
    thousands of failures: of longer texts and of many findings less is shown. Text of a
    server is inert, as in the page of a run.
    """
    from contract.reporters.page.rendering import MOST_BYTES, fill

    shown = [_on_page(one, families(rows), checks_page) for one in rows]
    page = ""
    for limit, findings in PAGE_LADDER:
        page = fill(
            "table.html",
            limit,
            rows=shown,
            families=[(name, address(checks_page, name)) for name in families(rows)],
            summary=summary(rows),
            mark="pass" if all(one.kept for one in rows) else "fail",
            most_findings=findings,
            hints=HINTS,
            times=TIMES,
        )
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


_OUTCOMES = ("fail", "warning", "waived", "pass", "skip")
_IDENTITIES = {"same": "pass", "different": "fail", "cannot-tell": "warning"}
_CLAIMS = {"consistent": "pass", "below": "fail", "inconclusive": "warning"}


def _on_page(one: Row, names: Sequence[str], checks_page: str) -> RowOnPage:
    found = one.families
    numbers = zip(COLUMNS, _numbers(one), _OUTCOMES, strict=True)
    identity = one.beside.identity
    return RowOnPage(
        row=one,
        cells=tuple(
            (mark(counts), cell(counts))
            for counts in (found.get(name, Counter()) for name in names)
        ),
        failures=tuple(
            FailureOnPage(
                result,
                outcome_of(one.report, result),
                outcome(one, result),
                address(checks_page, result.check.family),
                findings(result),
            )
            for result in one.failed
        ),
        numbers=tuple((name, n, kind if n else "skip") for name, n, kind in numbers),
        engine=engine(one),
        times=tuple((metric.upper(), one.latency(metric)) for metric in METRICS),
        identity_mark="skip" if identity is None else _IDENTITIES[identity.verdict],
        claim_marks=tuple(
            zip(
                [_CLAIMS[claim.verdict] for claim in one.beside.claims] or ["skip"],
                one.claims,
                strict=True,
            )
        ),
        mark=MARKS.get(one.verdict, "error"),
        began=moment(one.header.started),
    )


REPORTERS = {
    one.id: one
    for one in (
        TableReporter("html", ".html", html),
        TableReporter("markdown", ".md", markdown),
    )
}


# ---- terminal --------------------------------------------------------------------


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the numbers of each recording, what it is of, and which checks failed."""
    width = min(WIDEST, max(len(escape_controls(one.name)) for one in rows))
    for line in _lines(rows, width):
        console.print(line, soft_wrap=not console.is_terminal)


def _lines(rows: Sequence[Row], width: int) -> Iterator[Text]:
    head = "".join(f"{name:>{len(name) + 2}}" for name in HEADINGS)
    yield Text(f"{'recording':<{width}}  {'verdict':<{VERDICT}}{head}", "dim")
    for one in rows:
        numbers = zip(HEADINGS, _numbers(one), strict=True)
        yield Text.assemble(
            (f"{escape_controls(one.name):<{width}}", "bold"),
            (f"  {one.verdict:<{VERDICT}}", STYLES.get(one.verdict, "magenta")),
            *(f"{number:>{len(name) + 2}}" for name, number in numbers),
        )
        for label, words, style in _details(one):
            yield Text.assemble((f"  {label:<9} ", style), escape_controls(words))
    kept = all(one.kept for one in rows)
    yield Text(summary(rows), "bold green" if kept else "bold red")


def _details(one: Row) -> Iterator[tuple[str, str, str]]:
    """Yield label, text and style of each line below a recording."""
    yield "engine", f"{engine(one)}, profile {one.header.profile}", "dim"
    yield "measured", f"identity {one.identity}, figures {'; '.join(one.claims)}", "dim"
    for result in one.failed:
        outcome = outcome_of(one.report, result)
        label = {"warning": "WARN"}.get(outcome, outcome.upper())
        style = {"fail": "bold red", "warning": "yellow"}.get(outcome, "magenta")
        yield label, result.check.id, style
    for remark in one.remarks:
        yield "note", remark, "yellow"
