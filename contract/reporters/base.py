"""The reporter type, and the text building blocks that reporters share."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import wraps
from http import HTTPStatus

from contract.model.check import Level
from contract.model.escape import escape_controls, escape_lines
from contract.model.exchange import Exchange
from contract.model.profile import RATES, SHARES
from contract.model.redaction import SECRETS
from contract.model.timing import percentile
from contract.run.report import Outcome, Report, Result

Render = Callable[[Report], str]


@dataclass(frozen=True, slots=True)
class Reporter:
    """
    A kind of report; the caller opens and writes the file.

    No reporter sees a secret of the process (`contract.model.redaction`): the texts of
    a report are masked before it is rendered, and the rendered text afterwards.
    """

    # The name of the kind, as in `--report KIND=PATH`.
    id: str
    # The usual file name extension, with its dot.
    suffix: str
    # Returns the whole text of the file.
    render: Render
    # The commands of GitHub Actions that lines of the text may be, such as "error";
    # they are printed as they are, and any other command is escaped.
    commands: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Put the gate around *render*."""
        object.__setattr__(self, "render", _masked(self.render, self.commands))


def _masked(render: Render, commands: frozenset[str]) -> Render:
    @wraps(render)
    def masked(report: Report) -> str:
        text = SECRETS.mask(render(mask_report(report)))
        return escape_lines(text, commands) if commands else text

    return masked


def mask_report(report: Report) -> Report:
    """Return *report* with the secrets of the process masked in all its texts."""
    return replace(
        report,
        headers=SECRETS.mask_deep(report.headers),
        results=tuple(map(mask_result, report.results)),
        streams=SECRETS.mask_deep(report.streams),
        baseline=None if report.baseline is None else mask_report(report.baseline),
        behind=None if report.behind is None else mask_report(report.behind),
        altered=SECRETS.mask_deep(report.altered),
    )


def mask_result(result: Result) -> Result:
    """
    Return *result* with the secrets of the process masked in all its texts.

    Its exchanges were masked when they were recorded.
    """
    masked = {
        field.name: SECRETS.mask_deep(getattr(result, field.name))
        for field in fields(result)
        if field.name not in {"check", "exchanges"}
    }
    return replace(result, **masked)


def reporter(
    id: str, *, suffix: str, commands: Iterable[str] = ()
) -> Callable[[Render], Reporter]:
    """
    Return a decorator that makes a reporter of a function from a report to text.

    Args:
        id: The name of the kind.
        suffix: The file name extension with its dot.
        commands: The commands of GitHub Actions that lines of the text may be, if it
            is made for a log of GitHub Actions.
    """
    return lambda render: Reporter(id, suffix, render, frozenset(commands))


def by_target(report: Report) -> Iterator[Report]:
    """Yield one report per target, in the order the targets were opened."""
    names = dict.fromkeys(
        [header.target for header in report.headers]
        + [result.target for result in report.results]
    )
    for name in names:
        yield replace(_only(report, name), baseline=_earlier(report, name, len(names)))


def _only(report: Report, target: str) -> Report:
    # The rest is of the whole run; a server behind is only of a run of one target.
    return replace(
        report,
        headers=tuple(h for h in report.headers if h.target == target),
        results=tuple(r for r in report.results if r.target == target),
        known=frozenset(pair for pair in report.known if pair[0] == target),
        streams={k: v for k, v in report.streams.items() if k == target},
    )


def _earlier(report: Report, target: str, targets: int) -> Report | None:
    """Return the baseline of one of *targets*: a single one may have another name."""
    earlier = report.baseline
    if earlier is None or (targets == 1 and len(earlier.headers) == 1):
        return earlier
    return _only(earlier, target) if _named(earlier, target) else None


def _named(report: Report, target: str) -> bool:
    return any(header.target == target for header in report.headers)


def by_family(results: Iterable[Result]) -> dict[str, Counter[Outcome]]:
    """Return the number of results by family (sorted by name) and outcome."""
    found: dict[str, Counter[Outcome]] = {}
    for result in results:
        found.setdefault(result.check.family, Counter())[result.outcome] += 1
    return dict(sorted(found.items()))


def figures(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """Return the measured figures by metric (sorted by name) and percentile."""
    found: dict[str, dict[str, float]] = {}
    for result in results:
        for name, value in result.figures.items():
            metric, _, percentile = name.rpartition("_")
            found.setdefault(metric, {})[percentile] = value
    return dict(sorted(found.items()))


def observed(results: Iterable[Result]) -> tuple[dict[str, dict[str, float]], int]:
    """Return what `observed_in` does, of the requests of *results*."""
    return observed_in(exchange for result in results for exchange in result.exchanges)


def observed_in(
    exchanges: Iterable[Exchange],
) -> tuple[dict[str, dict[str, float]], int]:
    """
    Return p50 and p95 of TTFT, TTFO, ICL and TPOT, and the number of streams.

    They are those of all whole streams among *exchanges*, each counted once, in
    seconds. Nothing is judged by them, because other requests ran at the same time.
    Usage: `latencies, streams = observed_in(session.exchanges())`.
    """
    timings = [
        exchange.timing
        for exchange in {id(e): e for e in exchanges}.values()
        if exchange.streamed and exchange.status == HTTPStatus.OK and exchange.end.whole
    ]
    timed = [timing for timing in timings if timing.marks]
    values: dict[str, list[float | None]] = {
        "ttft": [timing.ttft for timing in timed],
        "ttfo": [timing.ttfo for timing in timed],
        "icl": [gap for timing in timed for gap in timing.icl],
        "tpot": [timing.tpot for timing in timed],
    }
    found: dict[str, dict[str, float]] = {}
    for metric, seconds in values.items():
        for percent in (50, 95):
            if (value := percentile(seconds, percent)) is not None:
                found.setdefault(metric, {})[f"p{percent}"] = value
    return found, len(timed)


def causes_first(report: Report) -> list[Result]:
    """
    Return the failed results, those that show the cause before their symptoms.

    A finding with a hint names a cause. Of several, the one that more replies break is
    nearer to it, and a MUST is listed before what is only a warning.
    """
    failed = [r for r in report.worst_first() if r.outcome is Outcome.FAIL]
    return sorted(
        failed,
        key=lambda result: (
            not any(finding.hint for finding in result.findings),
            report.is_warning(result),
            -(result.tally.broken if result.tally else 0),
        ),
    )


def again_all(results: Iterable[Result]) -> str:
    """Return one command that runs the checks of *results* again; "" without any."""
    first: list[str] = []
    further: dict[tuple[str, ...], None] = {}
    for result in results:
        words = shlex.split(result.again)
        if "--select" not in words:
            continue
        start = words.index("--select")
        first = first or words[:start]
        pairs = iter(words[start:])
        for word in pairs:
            further[(word,) if word == "--slow" else (word, next(pairs, ""))] = None
    return shlex.join([*first, *(word for words in further for word in words)])


def format_figure(metric: str, value: float) -> str:
    """
    Return the figure *value* of *metric* with its unit.

    A rate is in tokens per second, a share in per cent, any other figure in seconds.
    """
    if metric in SHARES:
        return f"{100 * value:.1f} %"
    if metric in RATES:
        return f"{value:.1f}/s"
    return f"{value:.2f} s" if abs(value) >= 1 else f"{1_000 * value:.1f} ms"


def verdict_word(report: Report) -> str:
    """Return the verdict in one word; it corresponds to the exit code."""
    trouble = any(header.trouble for header in report.headers)
    if not trouble and set(report.counts) <= {Outcome.SKIP}:
        return "NOTHING CHECKED"
    return _WORDS[report.exit_code]


_WORDS = {0: "PASSED", 1: "FAILED", 3: "INCONCLUSIVE", 4: "ERROR"}


def headline(report: Report) -> str:
    """Return the verdict in one word, with the number of warnings if there are any."""
    if not report.warnings:
        return verdict_word(report)
    return f"{verdict_word(report)} with {count(report.warnings, 'warning')}"


def verdict(report: Report) -> str:
    """Return the verdict in one line: the headline, failures and errors, the rest."""
    counts = report.counts
    crashed = sum(result.broken for result in report.results)
    levels = Counter(
        result.check.level
        for result in report.results
        if result.outcome is Outcome.FAIL
    )
    parts = [
        f"{levels[level]} {level.value} failed" for level in Level if levels[level]
    ]
    if report.altered and (changed := report.altered.never):
        parts.append(f"{count(changed, 'change')} that no gateway may make")
    if crashed:
        parts.insert(0, f"{count(crashed, 'check')} crashed")
    if troubles := sum(bool(header.trouble) for header in report.headers):
        parts.append(f"{count(troubles, 'target')} not fully judged")
    if errors := counts[Outcome.ERROR] - crashed:
        parts.append(f"{count(errors, 'check')} could not be judged")
    parts.append(f"{count(counts[Outcome.PASS], 'check')} passed")
    if counts[Outcome.WAIVED]:
        parts.append(f"{counts[Outcome.WAIVED]} waived")
    left_out = report.not_asked
    if skipped := counts[Outcome.SKIP] - left_out:
        parts.append(f"{skipped} skipped{_common_reason(report.results)}")
    if left_out:
        parts.append(f"bounded by --within: {count(left_out, 'check')} not asked")
    return f"{headline(report)}: {', '.join(parts)}."


def describe_findings(result: Result) -> str:
    """Return the findings of *result* and its command as lines of escaped text."""
    lines = []
    for finding in result.findings:
        lines.append(finding.message)
        lines += [
            f"  {name:<9} {value}"
            for name, value in (*finding.details, ("hint", finding.hint))
            if value
        ]
    lines += [f"{name}: {value}" for name, value in remarks(result)]
    return "\n".join(map(escape_controls, lines))


def remarks(result: Result) -> Iterator[tuple[str, str]]:
    """Yield what reports say about *result* beside its findings, as names and texts."""
    if result.reason:
        yield "reason", result.reason
    if result.tally is not None and result.tally.broken:
        yield "replies", str(result.tally)
    if result.again:
        yield "again", result.again
    if result.curl:
        yield "request", result.curl


def replies_judged(report: Report) -> str:
    """Return how many requirements were judged on how many replies; "" if none was."""
    tallies = [result.tally for result in report.results if result.tally is not None]
    if not tallies:
        return ""
    most = max(tally.judged for tally in tallies)
    return (
        f"{count(len(tallies), 'requirement')} judged on every reply, each on up to "
        f"{most}"
    )


def _common_reason(results: Iterable[Result]) -> str:
    """Return the reason why checks were skipped, in parentheses, if all share it."""
    reasons = Counter(r.reason for r in results if r.outcome is Outcome.SKIP)
    if len(reasons) != 1:
        return ""
    return f" ({escape_controls(next(iter(reasons)))})"


def count(number: int, noun: str) -> str:
    """Return *number* with its *noun*, in the plural unless it is 1."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


_TO_THE_MINUTE = 16  # characters of 2026-01-31T23:59


def moment(started: str) -> str:
    """Return the ISO 8601 time *started* in UTC to the minute, for people."""
    if len(started) >= _TO_THE_MINUTE and started.endswith("+00:00"):
        return f"{started[:10]} {started[11:_TO_THE_MINUTE]} UTC"
    return started
