"""The outcome of every check on every target, as values; JSON v1 and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from contract.model.chat import Json
from contract.model.check import (
    Check,
    Finding,
    Level,
)
from contract.model.exchange import Exchange

FORMAT = "report-v1"


class Outcome(StrEnum):
    """What became of a check; worst first."""

    ERROR = "error"  # nothing was learnt, or the check is broken
    FAIL = "fail"
    WAIVED = "waived"  # failed, and the profile says why
    SKIP = "skip"
    PASS = "pass"  # noqa: S105  # an outcome, not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    The outcome of one check on one target.

    `reason` says why it was skipped, waived or in error. `again` is the command
    that runs just this check again. `broken` marks an error that is the check's
    own fault. `seconds` is the time spent sending its probes. `figures` are what its
    probes measured, by name (`ttft_p95`), in seconds.
    """

    check: Check
    target: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    again: str = ""
    broken: bool = False
    seconds: float = 0.0
    exchanges: tuple[Exchange, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """
    What one target's results were obtained from; no secret is in here.

    `trouble` says why not everything could be judged: the target was not reached, or
    the run was interrupted.
    """

    target: str
    url: str
    profile: str
    why: str
    model: str
    version: str
    started: str
    seconds: float = 0.0
    requests: int = 0
    notes: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All results of a run, target by target."""

    headers: tuple[Header, ...]
    results: tuple[Result, ...]
    strict: bool = False

    @property
    def counts(self) -> Counter[Outcome]:
        """How many results had each outcome."""
        return Counter(result.outcome for result in self.results)

    def worst_first(self) -> Iterable[Result]:
        """The results, errors and failures of a MUST before the rest."""
        order = list(Outcome)
        levels = list(Level)
        return sorted(
            self.results,
            key=lambda r: (order.index(r.outcome), levels.index(r.check.level)),
        )

    def violates(self, result: Result) -> bool:
        """Whether a result makes the run fail: a MUST, with --strict a SHOULD too."""
        if result.outcome is not Outcome.FAIL:
            return False
        counts = {Level.MUST, Level.SHOULD} if self.strict else {Level.MUST}
        return result.check.level in counts

    @property
    def exit_code(self) -> int:
        """0 held, 1 violated, 3 something could not be learnt, 4 a check is broken."""
        if any(result.broken for result in self.results):
            return 4
        if any(self.violates(result) for result in self.results):
            return 1
        if any(result.outcome is Outcome.ERROR for result in self.results):
            return 3
        if any(header.trouble for header in self.headers):
            return 3
        # A gate that judges nothing would be open for ever.
        nothing = self.results and set(self.counts) == {Outcome.SKIP}
        return 3 if nothing else 0


def to_json(report: Report) -> dict[str, Json]:
    """The report as `report-v1.schema.json` describes it."""
    return {
        "format": FORMAT,
        "exit_code": report.exit_code,
        "strict": report.strict,
        "counts": {o.value: report.counts.get(o, 0) for o in Outcome},
        "targets": [
            {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(h).items()}
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
        "requests": [
            {
                "name": exchange.probe.name,
                "status": exchange.status,
                "end": exchange.end.value,
                "elapsed": round(exchange.elapsed, 6),
                "ttft": _seconds(exchange.timing.ttft),
                "ttfo": _seconds(exchange.timing.ttfo),
            }
            for exchange in result.exchanges
        ],
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
