"""Markdown reporter: verdicts, every failure in detail, a folded table of checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from contract.model.check import Check
from contract.model.escape import escape_controls
from contract.reporters.attribution import NAMES as ASPECTS
from contract.reporters.attribution import TITLES as BLAMES
from contract.reporters.attribution import VERDICTS as PERMISSIONS
from contract.reporters.attribution import (
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
    reporter,
    verdict,
)
from contract.reporters.changes import (
    NO_STREAMS,
    TITLES,
    FigureChange,
    changed_checks,
    changed_figures,
    how_measured,
    latencies,
    since_baseline,
    summary,
)
from contract.run.compare import Change, Comparison
from contract.run.report import Outcome, Report, Result

HEAD = 2  # lines of a table before its rows
MOST_REASONS = 5  # lines below one check that changed
MOST_CHANGED = 100  # checks that changed in one way
LONGEST_REASON = 500  # characters
# The words that become links or pictures although nothing marks them as such. A word is
# entered at its beginning only, so that a long one takes no time squared.
_LINKED = re.compile(
    r"""(
        (?<!\S) \S* (?: :// | www\. | (?:mailto|xmpp|tel): | @ ) \S*
      | (?: (?<![\w./-]) [\w./-]* )? (?: \# | \bGH- ) \d+ \b
      | \b [0-9a-f]{7,40} \b
      | : [\w+-]+ :
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~&$!])")
_BULLET = re.compile(r"\A(\d{0,9})([-+=.)])")
MARKS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "**fail**",
    Outcome.WAIVED: "waived",
    Outcome.SKIP: "·",
    Outcome.ERROR: "**error**",
}


@reporter("markdown", suffix=".md")
def markdown(report: Report) -> str:
    """
    Return the verdicts, then every failure in detail, then all checks, folded.

    The last table has a row per check and a column per target; `·` is skipped.
    """
    parts = list(by_target(report))
    matrix = list(_matrix(parts))
    lines = [
        f"**{text(verdict(report))}**",
        "",
        *_targets(parts),
        "",
        *_since(parts),
        *_behind(parts),
        *_failures(parts),
        "<details>",
        f"<summary>{count(len(matrix) - HEAD, 'check')}, with their outcomes</summary>",
        "",
        *matrix,
        "",
        "</details>",
    ]
    return "\n".join(lines).rstrip() + "\n"


def _targets(parts: list[Report]) -> Iterator[str]:
    yield "| Target | Profile | Model | Requests | Verdict |"
    yield "|---|---|---|---|---|"
    for part in parts:
        for header in part.headers:
            cells = (
                code(header.target),
                code(header.profile),
                code(header.model),
                str(header.requests),
                text(verdict(part)),
            )
            yield f"| {' | '.join(cells)} |"


def _matrix(parts: list[Report]) -> Iterator[str]:
    names = [_name(part) for part in parts]
    yield f"| Check | Level | {' | '.join(map(code, names))} |"
    yield "|---|---|" + "---|" * len(names)
    found = [{result.check.id: result for result in part.results} for part in parts]
    for check in _checks(parts):
        marks = [
            _mark(part, results[check.id]) if check.id in results else ""
            for part, results in zip(parts, found, strict=True)
        ]
        yield f"| {code(check.id)} | {check.level} | {' | '.join(marks)} |"


def _checks(parts: list[Report]) -> Iterable[Check]:
    checks = {
        result.check.id: result.check for part in parts for result in part.results
    }
    return sorted(checks.values(), key=lambda check: check.family)


def _mark(report: Report, result: Result) -> str:
    return "warning" if report.is_warning(result) else MARKS[result.outcome]


def _since(parts: list[Report]) -> Iterator[str]:
    """Yield a section per target that the baseline has, with what changed."""
    for part in parts:
        for comparison in since_baseline(part):
            target = code(comparison.after.target)
            yield f"## What changed: {target}: {text(summary(comparison.changes))}"
            yield ""
            before = comparison.before
            origin = f"{before.target}, {before.description}"
            yield f"- baseline: {code(shortened(origin))}"
            if before.trouble:
                yield f"  - not fully judged: {text(shortened(before.trouble))}"
            yield ""
            yield from changes(comparison)


def _behind(parts: list[Report]) -> Iterator[str]:
    """Yield a section with whose failures they are, and what the gateway changed."""
    for part in parts:
        for one in attributions(part):
            target, backend = one.comparison.after.target, one.comparison.before
            yield f"## Behind {code(target)}: {text(one.summary)}"
            yield ""
            origin = f"{backend.target}, {backend.description}"
            yield f"- the server behind: {code(shortened(origin))}"
            if backend.trouble:
                yield f"  - not fully judged: {text(shortened(backend.trouble))}"
            yield from (f"- {text(line)}" for line in one.remarks)
            yield ""
            yield from _blamed(one)
            yield from _altered(one)


def _blamed(one: Attribution) -> Iterator[str]:
    for blame, title in BLAMES.items():
        if not (found := one.checks[blame]):
            continue
        yield f"**{text(title)}**"
        yield ""
        for check in found[:MOST_CHANGED]:
            outcomes = f"backend {check.before}, gateway {check.after}"
            yield f"- {code(check.name)} ({check.level}): {outcomes}"
            yield from (f"  - {text(shortened(why))}" for why in check.reasons[:1])
        if (more := len(found) - MOST_CHANGED) > 0:
            yield f"- and {count(more, 'check')} more"
        yield ""


def _altered(one: Attribution) -> Iterator[str]:
    for permission, words in PERMISSIONS.items():
        found = [each for each in one.alterations if each.verdict is permission]
        if not found:
            continue
        yield f"**Changed: {text(words)}**"
        yield ""
        for each in found[:MOST_CHANGED]:
            values = [f"{name} {code(shortened(value))}" for name, value in sides(each)]
            where = f" ({text(place(each))})" if place(each) else ""
            yield f"- {ASPECTS[each.aspect]}{where}: {', '.join(values)}"
        yield ""


def changes(comparison: Comparison) -> Iterator[str]:
    """Yield what broke, got slower, and was fixed; newly judged checks are folded."""
    moved = changed_figures(comparison)
    yield from _changed(comparison, Change.WORSE)
    yield from _moved("Slower", [one for one in moved if one.worse])
    yield from _latencies(comparison)
    yield from _changed(comparison, Change.DIFFERENT)
    yield from _changed(comparison, Change.LOST)
    yield from _changed(comparison, Change.BETTER)
    yield from _moved("Faster", [one for one in moved if not one.worse])
    if gained := comparison.changes[Change.GAINED]:
        yield "<details>"
        yield f"<summary>{count(len(gained), 'check')} newly judged</summary>"
        yield ""
        yield from _changed(comparison, Change.GAINED)
        yield "</details>"
        yield ""


def _changed(comparison: Comparison, change: Change) -> Iterator[str]:
    found = changed_checks(comparison, change)
    if not found:
        return
    yield f"**{TITLES[change]}**"
    yield ""
    for one in found[:MOST_CHANGED]:
        yield f"- {code(one.name)} ({one.level}): {one.before} → {one.after}"
        yield from (
            f"  - {text(shortened(reason))}" for reason in one.reasons[:MOST_REASONS]
        )
        if (more := len(one.reasons) - MOST_REASONS) > 0:
            yield f"  - and {more} more"
    if (more := len(found) - MOST_CHANGED) > 0:
        yield f"- and {count(more, 'check')} more"
    yield ""


def _moved(title: str, found: list[FigureChange]) -> Iterator[str]:
    if not found:
        return
    yield f"**{title}**"
    yield ""
    for one in found:
        yield f"- {code(one.metric)} {text(one.percentile)}: {one}"
    yield ""


def _latencies(comparison: Comparison) -> Iterator[str]:
    found = latencies(comparison)
    if not found:
        if comparison.before.streams or comparison.after.streams:
            yield NO_STREAMS
            yield ""
        return
    yield "**Latencies**"
    yield ""
    yield "| Latency | Before | Now | Change |"
    yield "|---|--:|--:|---|"
    for one in found:
        verdict = f"**{one.verdict}**" if one.verdict == "slower" else one.verdict
        yield (
            f"| {code(one.metric)} {one.percentile} | {text(one.before)} "
            f"| {text(one.after)} | {verdict} |"
        )
    yield ""
    yield how_measured(found)
    yield ""


def shortened(value: str) -> str:
    """Return *value*, or its beginning if it is long."""
    shown = value[: LONGEST_REASON - 1]
    return value if len(value) <= LONGEST_REASON else f"{shown}…"


def _failures(parts: list[Report]) -> Iterator[str]:
    """Yield a section per target with its failed, waived and inconclusive checks."""
    for part in parts:
        failed = causes_first(part)
        failures = failed + [
            result
            for result in part.worst_first()
            if result.outcome in {Outcome.WAIVED, Outcome.ERROR}
        ]
        if failures:
            yield f"## {code(_name(part))}"
            yield ""
            if again := again_all(failed):
                yield f"Failed checks, causes first; run them again: {code(again)}"
                yield ""
            for result in failures:
                yield from _failure(part, result)
            yield ""


def _failure(report: Report, result: Result) -> Iterator[str]:
    check = result.check
    yield (
        f"- {_mark(report, result)} {code(check.id)} ({check.level}): "
        f"{text(check.requirement)} Source: {_plain(check.source)}."
    )
    if result.reason:
        yield f"  - reason: {text(result.reason)}"
    if result.tally is not None and result.tally.broken:
        yield f"  - {text(str(result.tally))}"
    for finding in result.findings:
        where = f" at {text(finding.at)}" if finding.at else ""
        values = [
            f"{name} {code(value)}" for name, value in finding.details if name != "at"
        ]
        tail = f": {', '.join(values)}" if values else ""
        yield f"  - {text(finding.message)}{where}{tail}"
        if finding.hint:
            yield f"    - hint: {text(finding.hint)}"
    if result.curl:
        yield f"  - request: {code(result.curl)}"


def _name(part: Report) -> str:
    return next(
        (header.target for header in part.headers),
        part.results[0].target if part.results else "",
    )


def code(value: str) -> str:
    r"""
    Return *value* as a code span that is safe in a table.

    Pipes are escaped, and the fence is longer than any run of backticks in *value*. A
    pipe after a backslash is spelled, because `\\|` would end the cell of a table.
    """
    shown = re.sub(
        r"(\\*)\|",
        lambda match: match[1] + ("\\x7c" if match[1] else "\\|"),
        escape_controls(value),
    )
    if not shown:
        return ""
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def text(value: str) -> str:
    """
    Return *value* as plain text: markup is escaped, what GitHub makes a link is code.

    It links addresses, mentions, issues and commits in the rendered text too, where
    no escape helps (GFM 6.9; docs.github.com, "Autolinked references and URLs").
    """
    parts = _LINKED.split(escape_controls(value.strip()))
    shown = "".join(
        code(part) if place % 2 else _plain(part) for place, part in enumerate(parts)
    )
    # At the beginning of a list item it would begin a list of its own.
    return _BULLET.sub(r"\1\\\2", shown)


def _plain(value: str) -> str:
    """Return *value*, text of this program or a check, with all markup escaped."""
    return _MARKUP.sub(r"\\\1", escape_controls(value))
