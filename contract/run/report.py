"""Outcomes of all checks on all targets, their JSON form v1 and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from contract.model.chat import Json
from contract.model.check import Check, Finding, Level
from contract.model.exchange import Exchange
from contract.run.altered import Altered
from contract.run.latencies import StreamTimes, stream_times

FORMAT = "report-v1"
# The reason of a skipped check that a bound on the time of the run left out.
NOT_ASKED = "not asked: --within leaves no time for its requests"


class Outcome(StrEnum):
    """The outcome of a check, worst first."""

    ERROR = "error"  # the check could not be judged, or the check itself crashed
    FAIL = "fail"
    WAIVED = "waived"  # failed, and the profile documents why
    SKIP = "skip"
    PASS = "pass"  # noqa: S105  # an outcome, not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many replies of a run an invariant was judged on, and where it failed."""

    # The number of replies that were judged.
    judged: int
    # The number of those that broke the requirement.
    broken: int = 0
    # What the failing replies have in common, in words ("all streamed, with tools");
    # empty if none fails.
    where: str = ""

    def __str__(self) -> str:
        if not self.broken:
            return f"held in {self.judged} of {self.judged} replies"
        if self.broken == self.judged:
            return f"broken in all of {self.judged} replies"
        return f"broken in {self.broken} of {self.judged} replies: {self.where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of one check on one target."""

    check: Check
    # The target as the user wrote it, without its key; the same as `Header.target`.
    target: str
    outcome: Outcome
    # What the judge found, in the order found; at least one if failed or waived.
    findings: tuple[Finding, ...] = ()
    # Why the check was skipped, waived or in error, in words; empty otherwise, except
    # for a passed check whose built-in waiver is no longer needed.
    reason: str = ""
    # The shell command that runs only this check again; empty if there is none.
    again: str = ""
    # Whether an error is a bug in the check itself; false for any other outcome.
    broken: bool = False
    # The sum of the times that the requests of this check took, in seconds. A request
    # that several checks share counts for each of them.
    seconds: float = 0.0
    # The requests of this check with their responses, in the order sent.
    exchanges: tuple[Exchange, ...] = ()
    # What the requests measured, by metric and percentile (`ttft_p95`): seconds,
    # except for `tokens_per_second_*`, which are tokens per second.
    figures: Mapping[str, float] = field(default_factory=dict)
    # For an invariant, the replies of the run that it was judged on; otherwise None.
    tally: Tally | None = None
    # The smallest request whose reply broke an invariant, as a curl command; else "".
    curl: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The origin of the results of one target; it contains no secret."""

    # The target as the user wrote it, without its key.
    target: str
    # The root of the API, without `/v1`; empty if the target could not be opened.
    url: str
    # The id of the profile the target is judged by; empty if it is not known.
    profile: str
    # Why this profile was chosen, in words ("GET /version returned 0.16.0").
    why: str
    # The name of the requested model; empty if it is not known.
    model: str
    # The version of magistral-contract that judged.
    version: str
    # When the run began, ISO 8601 in UTC with a precision of seconds.
    started: str
    # The wall time from opening the target until now, in seconds.
    seconds: float = 0.0
    # The number of requests sent, including those that detected the profile.
    requests: int = 0
    # Remarks on how requests were sent, counted and timed, one sentence each.
    notes: tuple[str, ...] = ()
    # Why not everything could be judged (the target could not be reached, the run was
    # interrupted); empty if everything was judged.
    trouble: str = ""
    # Whether that is a failure of the target, so that it fails the run.
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All results of a run."""

    # One header per target, in the order the targets were opened.
    headers: tuple[Header, ...]
    # The results, target by target and in the order of the checks.
    results: tuple[Result, ...]
    # Whether a failed SHOULD fails the run too (`--strict`).
    strict: bool = False
    # The times of the streams by target, where the results do not have all exchanges:
    # of a report that was read from a file, and of a proxy.
    streams: Mapping[str, tuple[StreamTimes, ...]] = field(default_factory=dict)
    # An earlier run; the reports say what changed since (`--baseline`, `--history`).
    baseline: Report | None = None
    # The results of the server behind this gateway, and what the gateway changed in
    # its replies (`--behind`).
    behind: Report | None = None
    altered: Altered | None = None
    # Target and check of each failure that does not fail the run: the baseline has it,
    # too (`--fail-on new`), or the server behind (`--behind`).
    known: frozenset[tuple[str, str]] = frozenset()
    # Whether responses were timed; in a report on a client they were the mock's own.
    timed: bool = True

    @property
    def counts(self) -> Counter[Outcome]:
        """The number of results by outcome."""
        return Counter(result.outcome for result in self.results)

    @property
    def warnings(self) -> int:
        """The number of failed checks that do not fail the run."""
        return sum(map(self.is_warning, self.results))

    @property
    def not_asked(self) -> int:
        """The number of checks that a bound on the time of the run left out."""
        return sum(result.reason == NOT_ASKED for result in self.results)

    def worst_first(self) -> Iterable[Result]:
        """Return the results sorted by outcome, then by level, the worst first."""
        order = list(Outcome)
        levels = list(Level)
        return sorted(
            self.results,
            key=lambda r: (order.index(r.outcome), levels.index(r.check.level)),
        )

    def violates(self, result: Result) -> bool:
        """
        Return whether *result* fails the run: a MUST, if strict a SHOULD too.

        A failure that is known from the baseline does not.
        """
        if result.outcome is not Outcome.FAIL:
            return False
        counts = {Level.MUST, Level.SHOULD} if self.strict else {Level.MUST}
        known = (result.target, result.check.id) in self.known
        return result.check.level in counts and not known

    def is_warning(self, result: Result) -> bool:
        """Return whether *result* is a failure that does not fail the run."""
        return result.outcome is Outcome.FAIL and not self.violates(result)

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 3 inconclusive, 4 a check crashed."""
        if any(result.broken for result in self.results):
            return 4
        if any(self.violates(result) for result in self.results):
            return 1
        if any(header.failed for header in self.headers) or self._altered:
            return 1
        if any(result.outcome is Outcome.ERROR for result in self.results):
            return 3
        headers = (*self.headers, *(self.behind.headers if self.behind else ()))
        if any(header.trouble for header in headers):
            return 3
        # A run that judged nothing must not pass, or a gate could be silently open.
        nothing = self.results and set(self.counts) == {Outcome.SKIP}
        return 3 if nothing else 0

    @property
    def _altered(self) -> bool:
        """Whether a gateway changed what it must not; if strict, what it should not."""
        found = self.altered
        return found is not None and (found.broken or (self.strict and found.unlisted))


def streams_of(report: Report, target: str) -> tuple[StreamTimes, ...]:
    """Return the times of the streams of one *target*."""
    return report.streams.get(target) or stream_times(
        exchange
        for result in report.results
        if result.target == target
        for exchange in result.exchanges
    )


def in_order(results: Iterable[Result], checks: Iterable[Check]) -> tuple[Result, ...]:
    """Return the *results* of one target in the order of *checks*."""
    places = {check.id: place for place, check in enumerate(checks)}
    return tuple(sorted(results, key=lambda result: places[result.check.id]))


def to_json(report: Report) -> dict[str, Json]:
    """Return the report as `report-v1.schema.json` describes it."""
    return {
        "format": FORMAT,
        "exit_code": report.exit_code,
        "strict": report.strict,
        "counts": {o.value: report.counts.get(o, 0) for o in Outcome},
        "targets": [
            {
                **{
                    k: list(v) if isinstance(v, tuple) else v
                    for k, v in asdict(h).items()
                },
                "streams": [
                    {
                        name: value if isinstance(value, str) else _rounded(value)
                        for name, value in asdict(one).items()
                    }
                    for one in streams_of(report, h.target)
                ],
            }
            for h in report.headers
        ],
        "results": [_result(report, result) for result in report.results],
    }


def _result(report: Report, result: Result) -> dict[str, Json]:
    check = result.check
    return {
        "target": result.target,
        "check": check.id,
        "family": check.family,
        "level": check.level.value,
        "requirement": check.requirement,
        "source": check.source,
        "outcome": result.outcome.value,
        "violates": report.violates(result),
        "reason": result.reason,
        "findings": [asdict(finding) for finding in result.findings],
        "again": result.again,
        "seconds": round(result.seconds, 6),
        "figures": {name: round(v, 6) for name, v in result.figures.items()},
        "replies": None if result.tally is None else asdict(result.tally),
        "curl": result.curl,
        "requests": [
            {
                "name": exchange.probe.name,
                "status": exchange.status,
                "end": exchange.end.value,
                "elapsed": round(exchange.elapsed, 6),
                "ttft": _rounded(exchange.timing.ttft),
                "ttfo": _rounded(exchange.timing.ttfo),
            }
            for exchange in result.exchanges
        ],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
