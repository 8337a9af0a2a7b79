"""Content of the page: a report, arranged for its template."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contract.model.check import Check, Finding
from contract.model.exchange import Exchange
from contract.reporters.attribution import (
    NAMES,
    TITLES,
    VERDICTS,
    Attribution,
    attributions,
    place,
    sides,
)
from contract.reporters.base import (
    again_all,
    by_target,
    causes_first,
    count,
    headline,
    replies_judged,
    verdict,
    verdict_word,
)
from contract.reporters.changes import (
    NO_STREAMS,
    CheckChange,
    FigureChange,
    Latency,
    changed_checks,
    changed_figures,
    how_measured,
    latencies,
    since_baseline,
    summary,
)
from contract.reporters.page.consequences import consequence
from contract.reporters.page.excerpts import Command, Excerpt, excerpt, runnable
from contract.reporters.page.pictures import Picture, pictures
from contract.run.altered import Verdict
from contract.run.compare import Change, Comparison, TargetRun
from contract.run.report import Header, Outcome, Report, Result

MOST_CAUSES = 20  # causes that the top of the page shows; the others are folded
MOST_OPEN = 40  # changed checks; more are folded
MOST_PICTURED = 4  # targets with pictures
DETAILED = frozenset({Outcome.FAIL, Outcome.WAIVED, Outcome.ERROR})
# What is a link in the source of a requirement: an address, or an issue on GitHub.
_LINK = re.compile(r"(https?://[^\s;,)]+|\b[\w.-]+/[\w.-]+#\d+)")
_ISSUE = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")
_REQUEST = re.compile(r"request ([^,\s]+)")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what servers sent is on the page."""

    # Characters of one text.
    text: int
    # Findings of one check.
    findings: int
    # Exchanges of one check.
    exchanges: int
    # Bytes of one command, and of one response body.
    body: int


@dataclass(frozen=True, slots=True)
class Symptom:
    """What broke, in one sentence."""

    anchor: str
    check: Check
    mark: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Cause:
    """What broke first, and what else the same setting broke."""

    first: Symptom
    # What users notice; empty if it has been said of the family before.
    users: str
    # The setting to change; empty if it is not known.
    hint: str
    again: Command
    # The other failed checks with the same hint.
    symptoms: tuple[Symptom, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An exchange of a check, or the place where it is shown already."""

    anchor: str
    excerpt: Excerpt | None
    name: str


@dataclass(frozen=True, slots=True)
class Detail:
    """A check that failed, was waived or could not be judged, on one target."""

    anchor: str
    result: Result
    mark: str
    sources: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    # The number of findings that are left out.
    further: int
    again: Command
    # The smallest request that breaks an invariant; empty for any other check.
    curl: Command | str
    exchanges: tuple[Shown, ...]
    # The number of exchanges that are left out.
    unshown: int


@dataclass(frozen=True, slots=True)
class Row:
    """A check in the table of its family."""

    check: Check
    sources: tuple[tuple[str, str], ...]
    # The outcome on each target, as (mark, anchor of the detail or "").
    cells: tuple[tuple[str, str], ...]
    # Why it was skipped, or on how many replies it was judged; empty if targets differ.
    remark: str


@dataclass(frozen=True, slots=True)
class Family:
    """The checks of one family."""

    name: str
    # The number of outcomes by mark.
    counts: Mapping[str, int]
    details: tuple[Detail, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ChangesOnPage:
    """What changed between two runs of one target."""

    comparison: Comparison

    @property
    def before(self) -> TargetRun:
        """The earlier run."""
        return self.comparison.before

    @property
    def after(self) -> TargetRun:
        """The later run."""
        return self.comparison.after

    @property
    def summary(self) -> str:
        """How many checks changed in which way."""
        return summary(self.comparison.changes)

    @property
    def rows(self) -> Mapping[str, list[CheckChange]]:
        """The checks by the change of their outcome."""
        return {
            change.value: changed_checks(self.comparison, change) for change in Change
        }

    @property
    def short(self) -> bool:
        """Whether few enough checks changed to be shown above what broke."""
        moved = (c for c in Change if c not in {Change.SAME, Change.GAINED})
        return sum(len(self.comparison.changes[c]) for c in moved) <= MOST_OPEN

    @property
    def slower(self) -> list[FigureChange]:
        """The measured figures that got worse."""
        return [one for one in changed_figures(self.comparison) if one.worse]

    @property
    def faster(self) -> list[FigureChange]:
        """The measured figures that got better."""
        return [one for one in changed_figures(self.comparison) if not one.worse]

    @property
    def latencies(self) -> list[Latency]:
        """The latencies of the streams of both runs."""
        return latencies(self.comparison)

    @property
    def measured(self) -> str:
        """Of which streams they are, or why there are none; may be empty."""
        some = self.before.streams or self.after.streams
        return how_measured(self.latencies) or (NO_STREAMS if some else "")


@dataclass(frozen=True, slots=True)
class AlteredOnPage:
    """One thing that the gateway changed."""

    name: str
    place: str
    sides: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BehindOnPage:
    """A gateway beside the server behind it."""

    one: Attribution

    @property
    def backend(self) -> TargetRun:
        """The server behind."""
        return self.one.comparison.before

    @property
    def blamed(self) -> list[tuple[str, str, list[CheckChange]]]:
        """The failed checks by whose failure they are, as (title, mark, checks)."""
        marks = dict(zip(TITLES, ("fail", "warning", "pass", "skip"), strict=True))
        return [
            (title, marks[blame], self.one.checks[blame])
            for blame, title in TITLES.items()
            if self.one.checks[blame]
        ]

    @property
    def altered(self) -> list[tuple[str, str, list[AlteredOnPage]]]:
        """What the gateway changed, as (verdict in words, mark, changes)."""
        marks = {Verdict.NEVER: "fail", Verdict.UNLISTED: "warning"}
        found = [
            (
                words,
                marks.get(verdict, "skip"),
                [
                    AlteredOnPage(NAMES[each.aspect], place(each), sides(each))
                    for each in self.one.alterations
                    if each.verdict is verdict
                ],
            )
            for verdict, words in VERDICTS.items()
        ]
        return [row for row in found if row[2]]


@dataclass(frozen=True, slots=True)
class Part:
    """One target."""

    name: str
    headers: tuple[Header, ...]
    verdict: str
    mark: str
    headline: str
    causes: tuple[Cause, ...]
    # One command that runs all failed checks again; empty if nothing failed.
    again: Command
    judged: str
    # Why checks could not be judged, with their number.
    unjudged: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    # Whether it is beyond the targets that get pictures.
    unpictured: bool
    # What changed since the baseline; empty without one.
    since: tuple[ChangesOnPage, ...]
    # The server behind this gateway; empty without one.
    behind: tuple[BehindOnPage, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """All that the template shows."""

    headline: str
    # The rest of the verdict: how many checks failed, passed and so on.
    counts: str
    mark: str
    parts: tuple[Part, ...]
    families: tuple[Family, ...]
    # The checks that failed, were waived or could not be judged on some targets only.
    differing: tuple[Row, ...]
    checks: int
    limits: Limits
    # Whether less is shown than a page usually has room for.
    tight: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        """The checks of all families."""
        return tuple(row for family in self.families for row in family.rows)


@dataclass(slots=True)
class _Places:
    """Anchors of details by target and check, and of exchanges that are shown."""

    details: dict[tuple[str, str], str] = field(default_factory=dict)
    exchanges: dict[int, str] = field(default_factory=dict)


def arrange(report: Report, limits: Limits, *, tight: bool = False) -> Content:
    """Return *report* arranged for the template, within *limits*."""
    parts = list(by_target(report))
    places = _Places()
    for target, part in enumerate(parts):
        for number, result in enumerate(part.results):
            if result.outcome in DETAILED:
                places.details[_key(result)] = f"check-{target}-{number}"
    checks = {result.check.id: result.check for result in report.results}
    families = tuple(_families(parts, places, limits))
    return Content(
        counts=verdict(report).removeprefix(f"{headline(report)}: "),
        headline=headline(report),
        mark=_verdict_mark(report),
        parts=tuple(
            _part(part, places, pictured=number < MOST_PICTURED)
            for number, part in enumerate(parts)
        ),
        families=families,
        differing=tuple(filter(_differs, (r for f in families for r in f.rows))),
        checks=len(checks),
        limits=limits,
        tight=tight,
    )


def _key(result: Result) -> tuple[str, str]:
    return result.target, result.check.id


def _verdict_mark(report: Report) -> str:
    word = verdict_word(report)
    if word == "PASSED" and report.warnings:
        return "warning"
    return {"PASSED": "pass", "FAILED": "fail"}.get(word, "error")


def _mark(report: Report, result: Result) -> str:
    return "warning" if report.is_warning(result) else result.outcome.value


# ---- the top of the page ---------------------------------------------------------


def _part(report: Report, places: _Places, *, pictured: bool) -> Part:
    failed = causes_first(report)
    name = next(
        (header.target for header in report.headers),
        report.results[0].target if report.results else "",
    )
    return Part(
        name=name,
        headers=report.headers,
        verdict=verdict(report),
        mark=_verdict_mark(report),
        headline=headline(report),
        causes=tuple(_causes(report, failed, places)),
        again=Command(again_all(failed)),
        judged=replies_judged(report),
        unjudged=tuple(_unjudged(report)),
        pictures=pictures(report) if pictured else (),
        unpictured=not pictured,
        since=tuple(map(ChangesOnPage, since_baseline(report))),
        behind=tuple(map(BehindOnPage, attributions(report))),
    )


def _causes(
    report: Report, failed: Iterable[Result], places: _Places
) -> Iterator[Cause]:
    groups: dict[tuple[str, int], list[Result]] = {}
    for number, result in enumerate(failed):
        hint = next((f.hint for f in result.findings if f.hint), "")
        # Without a hint, each may have a cause of its own.
        groups.setdefault((hint, 0 if hint else number), []).append(result)
    families: set[str] = set()
    for (hint, _), results in groups.items():
        symptoms = [
            Symptom(
                places.details[_key(result)],
                result.check,
                _mark(report, result),
                _sentence(result),
            )
            for result in results
        ]
        check = results[0].check
        yield Cause(
            first=symptoms[0],
            users="" if check.family in families else consequence(check),
            hint=_capital(hint),
            again=Command(again_all(results)),
            symptoms=tuple(symptoms[1:]),
        )
        families.add(check.family)


def _sentence(result: Result) -> str:
    """Return what broke as a sentence: the first finding, and in how many replies."""
    found = result.findings[0].message if result.findings else result.reason
    tally = f"; {result.tally}" if result.tally and result.tally.broken else ""
    return f"{_capital(found)}{tally}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _unjudged(report: Report) -> Iterator[tuple[str, str]]:
    reasons = Counter(
        result.reason for result in report.results if result.outcome is Outcome.ERROR
    )
    for reason, number in reasons.most_common():
        yield count(number, "check"), reason


# ---- family by family ------------------------------------------------------------


def _families(
    parts: Sequence[Report], places: _Places, limits: Limits
) -> Iterator[Family]:
    names = sorted({r.check.family for part in parts for r in part.results})
    exchanges = [_named(part) for part in parts]
    for name in names:
        found = [[r for r in part.results if r.check.family == name] for part in parts]
        counts = Counter(
            _mark(part, result)
            for part, results in zip(parts, found, strict=True)
            for result in results
        )
        details = [
            _detail(part, result, named, places, limits)
            for part, results, named in zip(parts, found, exchanges, strict=True)
            for result in _worst_first(part, results)
        ]
        yield Family(name, counts, tuple(details), tuple(_rows(parts, found, places)))


def _worst_first(report: Report, results: Sequence[Result]) -> list[Result]:
    order = [*causes_first(report), *report.worst_first()]
    wanted = {id(r) for r in results if r.outcome in DETAILED}
    return list({id(r): r for r in order if id(r) in wanted}.values())


def _named(report: Report) -> dict[str, list[Exchange]]:
    """Return the exchanges of a target by the name of their request."""
    found: dict[str, dict[int, Exchange]] = {}
    for result in report.results:
        for exchange in result.exchanges:
            found.setdefault(exchange.probe.name, {})[id(exchange)] = exchange
    return {name: list(some.values()) for name, some in found.items()}


def _detail(
    report: Report,
    result: Result,
    named: Mapping[str, list[Exchange]],
    places: _Places,
    limits: Limits,
) -> Detail:
    url = next((header.url for header in report.headers), "")
    exchanges = _accused(result, named)
    return Detail(
        anchor=places.details[_key(result)],
        result=result,
        mark=_mark(report, result),
        sources=_sources(result.check),
        findings=result.findings[: limits.findings],
        further=max(0, len(result.findings) - limits.findings),
        again=Command(result.again),
        curl=runnable(result.curl, limits.body),
        exchanges=tuple(
            _shown(exchange, url, places, limits)
            for exchange in exchanges[: limits.exchanges]
        ),
        unshown=max(0, len(exchanges) - limits.exchanges),
    )


def _accused(result: Result, named: Mapping[str, list[Exchange]]) -> list[Exchange]:
    """
    Return the exchanges that the findings of *result* are about, then its others.

    An invariant is broken by a request of another check, which the location names.
    """
    about = [
        exchange
        for finding in result.findings
        for name in _REQUEST.findall(finding.at)
        for exchange in named.get(name, ())[:1]
    ]
    if about and result.check.every is not None:
        return list({id(e): e for e in about}.values())
    return list({id(e): e for e in (*about, *result.exchanges)}.values())


def _shown(exchange: Exchange, url: str, places: _Places, limits: Limits) -> Shown:
    name = exchange.probe.name
    anchor = places.exchanges.get(id(exchange))
    if anchor is not None:
        return Shown(anchor, None, name)
    anchor = places.exchanges[id(exchange)] = f"exchange-{len(places.exchanges)}"
    return Shown(anchor, excerpt(exchange, url, limits.body), name)


def _rows(
    parts: Sequence[Report], found: Sequence[Sequence[Result]], places: _Places
) -> Iterator[Row]:
    by_id = [{result.check.id: result for result in results} for results in found]
    checks = {r.check.id: r.check for results in found for r in results}
    for check in checks.values():
        results = [some.get(check.id) for some in by_id]
        yield Row(
            check=check,
            sources=_sources(check),
            cells=tuple(
                ("", "")
                if result is None
                else (_mark(part, result), places.details.get(_key(result), ""))
                for part, result in zip(parts, results, strict=True)
            ),
            remark=_remark([result for result in results if result is not None]),
        )


def _differs(row: Row) -> bool:
    marks = {mark for mark, _ in row.cells}
    return len(marks) > 1 and any(anchor for _, anchor in row.cells)


def _remark(results: Sequence[Result]) -> str:
    remarks = {
        result.reason or (str(result.tally) if result.tally else "")
        for result in results
    }
    return remarks.pop() if len(remarks) == 1 else ""


def _sources(check: Check) -> tuple[tuple[str, str], ...]:
    """Return the source of a requirement in parts, as (text, address or "")."""
    parts = _LINK.split(check.source)
    return tuple(
        (part, _address(part) if place % 2 else "")
        for place, part in enumerate(parts)
        if part
    )


def _address(part: str) -> str:
    if issue := _ISSUE.fullmatch(part):
        return f"https://github.com/{issue[1]}/issues/{issue[2]}"
    return part
