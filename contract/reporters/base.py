"""What a reporter is: a name, a suffix and a function from a report to text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from contract.model.check import Level
from contract.model.profile import RATES
from contract.run.report import (
    Outcome,
    Report,
    Result,
)

Render = Callable[[Report], str]


@dataclass(frozen=True, slots=True)
class Reporter:
    """A kind of report; opening and writing the file is the surface's job."""

    id: str
    suffix: str
    render: Render


def reporter(id: str, *, suffix: str) -> Callable[[Render], Reporter]:
    """Make a function from a report to text a reporter."""
    return lambda render: Reporter(id, suffix, render)


# Everything a terminal may obey or a reader may be fooled by: C0 and C1 controls,
# DEL, line separators, bidirectional overrides (Unicode TR 36) and lone surrogates.
_ACTIVE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\x1b"}


def escape_controls(text: str) -> str:
    """*text* on one line, with every character that does something spelled out."""
    return _ACTIVE.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    short = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  # the first 256 take two digits
    return _NAMES.get(character, short)


def by_target(report: Report) -> Iterator[Report]:
    """One report per target, in the order they were opened."""
    names = dict.fromkeys(
        [header.target for header in report.headers]
        + [result.target for result in report.results]
    )
    for name in names:
        yield Report(
            headers=tuple(h for h in report.headers if h.target == name),
            results=tuple(r for r in report.results if r.target == name),
            strict=report.strict,
        )


def by_family(results: Iterable[Result]) -> dict[str, Counter[Outcome]]:
    """How many results of each family had each outcome; families by name."""
    found: dict[str, Counter[Outcome]] = {}
    for result in results:
        found.setdefault(result.check.family, Counter())[result.outcome] += 1
    return dict(sorted(found.items()))


def figures(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """What was measured: by metric, then by percentile."""
    found: dict[str, dict[str, float]] = {}
    for result in results:
        for name, value in result.figures.items():
            metric, _, percentile = name.rpartition("_")
            found.setdefault(metric, {})[percentile] = value
    return dict(sorted(found.items()))


def format_figure(metric: str, value: float) -> str:
    """A figure with its unit: milliseconds, seconds, or tokens in a second."""
    if metric in RATES:
        return f"{value:.1f}/s"
    return f"{value:.2f} s" if abs(value) >= 1 else f"{1_000 * value:.1f} ms"


def verdict_word(report: Report) -> str:
    """The verdict in one word, as the exit code says it."""
    trouble = any(header.trouble for header in report.headers)
    if not trouble and set(report.counts) <= {Outcome.SKIP}:
        return "NOTHING CHECKED"
    return {0: "HELD", 1: "VIOLATED", 3: "UNKNOWN", 4: "BROKEN"}[report.exit_code]


def verdict(report: Report) -> str:
    """The whole run in one line: the word, what counts, then the rest."""
    counts = report.counts
    broken = sum(result.broken for result in report.results)
    levels = Counter(
        result.check.level
        for result in report.results
        if result.outcome is Outcome.FAIL
    )
    parts = [
        f"{levels[level]} {level.value} failed" for level in Level if levels[level]
    ]
    if broken:
        parts.insert(0, f"{_many(broken, 'check')} broken")
    if troubles := sum(bool(header.trouble) for header in report.headers):
        parts.append(f"{_many(troubles, 'target')} not judged to the end")
    if unknown := counts[Outcome.ERROR] - broken:
        parts.append(f"{_many(unknown, 'check')} could not be judged")
    parts.append(f"{_many(counts[Outcome.PASS], 'check')} passed")
    if counts[Outcome.WAIVED]:
        parts.append(f"{counts[Outcome.WAIVED]} waived")
    if counts[Outcome.SKIP]:
        parts.append(f"{counts[Outcome.SKIP]} skipped{_why(report.results)}")
    return f"{verdict_word(report)}: {', '.join(parts)}."


def describe_findings(result: Result) -> str:
    """The findings of one result and how to repeat it, as plain inert lines."""
    lines = []
    for finding in result.findings:
        lines.append(finding.message)
        lines += [
            f"  {name:<9} {value}"
            for name, value in (
                ("expected", finding.expected),
                ("actual", finding.actual),
                ("at", finding.at),
                ("hint", finding.hint),
            )
            if value
        ]
    if result.reason:
        lines.append(f"reason: {result.reason}")
    if result.again:
        lines.append(f"again: {result.again}")
    return "\n".join(map(escape_controls, lines))


def _why(results: Iterable[Result]) -> str:
    reasons = Counter(r.reason for r in results if r.outcome is Outcome.SKIP)
    if len(reasons) != 1:
        return ""
    return f" ({escape_controls(next(iter(reasons)))})"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
