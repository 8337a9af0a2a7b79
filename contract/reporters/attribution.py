"""A gateway beside the server behind it, in the words that all reports share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from contract.model.aspect import Aspect
from contract.model.chat import Json
from contract.reporters.base import count
from contract.reporters.changes import CheckChange, Latency, changed_checks, latencies
from contract.run.altered import Alteration, Verdict
from contract.run.compare import Change, Comparison, compare_reports
from contract.run.report import Outcome, Report


class Blame(StrEnum):
    """Which of the two a failed check is of."""

    GATEWAY = "gateway"  # the server behind passes
    BACKEND = "backend"  # both fail
    REPAIRED = "repaired"  # the gateway passes, the server behind fails
    UNKNOWN = "unknown"  # the check was judged on one of the two only


TITLES = {
    Blame.GATEWAY: "The gateway's doing: it fails, the server behind passes",
    Blame.BACKEND: "The backend's doing: both fail",
    Blame.REPAIRED: "Repaired by the gateway: only the server behind fails",
    Blame.UNKNOWN: "Of neither for certain: judged on one of the two only",
}
VERDICTS = {
    Verdict.NEVER: "no gateway may change this",
    Verdict.UNLISTED: "the profile of the gateway does not permit this",
    Verdict.OCCASIONAL: "not in every reply to the same request",
    Verdict.ALLOWED: "permitted by the profile of the gateway",
}
NAMES = {
    Aspect.REASONING: "text of the reasoning",
    Aspect.ANSWER: "text of the answer",
    Aspect.ARGUMENTS: "tool calls and their arguments",
    Aspect.FINISH: "finish reason",
    Aspect.USAGE: "token counts",
    Aspect.ORDER: "order of reasoning, answer and calls",
    Aspect.ERROR_CLASS: "class of the response",
    Aspect.PACE: "pace of streams",
    Aspect.REPEATS: "number of requests that reach the server behind",
    Aspect.MODEL: "name of the model",
    Aspect.HEADERS: "names of headers",
    Aspect.MEMBERS: "members of the body",
    Aspect.NULLS: "members that are null",
    Aspect.STATUS: "status",
    Aspect.ERROR_TEXT: "message of an error",
    Aspect.CHUNKS: "division of streams into events",
    Aspect.PATHS: "path beside the chat",
}
_BAD = frozenset({Outcome.FAIL, Outcome.WAIVED, Outcome.ERROR})
# Of an aspect that is a set of names, what the two sides of an alteration hold.
_LISTS = frozenset({Aspect.HEADERS, Aspect.MEMBERS, Aspect.NULLS})


@dataclass(frozen=True, slots=True)
class Attribution:
    """The gateway of a report beside the server behind it."""

    comparison: Comparison
    # The checks by whose failures they are.
    checks: dict[Blame, list[CheckChange]]
    # What the gateway changed, the worst first.
    alterations: tuple[Alteration, ...]
    # How much was compared, one sentence each.
    remarks: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The number of failures of each, and of changes, in one sentence."""
        found = self.alterations
        never = sum(one.verdict is Verdict.NEVER for one in found)
        unlisted = sum(one.verdict is Verdict.UNLISTED for one in found)
        allowed = len(found) - never - unlisted
        by_gateway = sum(one.after == "fail" for one in self.checks[Blame.GATEWAY])
        waived = len(self.checks[Blame.GATEWAY]) - by_gateway
        parts = [
            f"{count(by_gateway, 'check')} broken by the gateway"
            + (f" (and {waived} waived)" if waived else ""),
            f"{len(self.checks[Blame.BACKEND])} by the server behind",
            f"{never} changed that no gateway may change",
            *([f"{unlisted} that its profile does not permit"] if unlisted else []),
            f"{allowed} other changes",
        ]
        return f"{', '.join(parts)}."

    @property
    def latencies(self) -> list[Latency]:
        """The latencies of the streams of the backend and of the gateway."""
        return latencies(self.comparison)


def attributions(report: Report) -> Iterator[Attribution]:
    """Yield the gateway beside the server behind it, if there is one."""
    if report.behind is None or report.altered is None:
        return
    for comparison in compare_reports(report.behind, report):
        yield Attribution(
            comparison,
            _blamed(comparison),
            report.altered.alterations,
            tuple(_remarks(report)),
        )


def failing_behind(report: Report) -> frozenset[tuple[str, str]]:
    """Return target and check of each failure that the server behind has, too."""
    return frozenset(
        (one.comparison.after.target, check.name)
        for one in attributions(report)
        for check in one.checks[Blame.BACKEND]
    )


def _blamed(comparison: Comparison) -> dict[Blame, list[CheckChange]]:
    found: dict[Blame, list[CheckChange]] = {blame: [] for blame in Blame}
    for change in Change:
        for one in changed_checks(comparison, change):
            if blame := _blame(one.before, one.after):
                found[blame].append(one)
    return found


def _blame(backend: str, gateway: str) -> Blame | None:
    """Return whose failure it is, by both outcomes; None if neither fails."""
    bad = {outcome.value for outcome in _BAD}
    unjudged = {Outcome.SKIP.value, "missing", Outcome.ERROR.value}
    if backend not in bad and gateway not in bad:
        return None
    if backend in unjudged or gateway in unjudged:
        return Blame.UNKNOWN
    if backend not in bad:
        return Blame.GATEWAY
    return Blame.BACKEND if gateway in bad else Blame.REPAIRED


def _remarks(report: Report) -> Iterator[str]:
    altered = report.altered
    if altered is None:
        return
    yield f"{count(altered.compared, 'request')} compared, the same to both."
    if altered.unequal:
        yield (
            f"{count(altered.unequal, 'request')} not compared: the two dialects spell "
            "them differently, or their length depends on the context window "
            "(--context-window sets it for both)."
        )
    if altered.varying:
        yield (
            f"{count(altered.varying, 'difference')} of text not counted: the server "
            "behind gives different texts to the same request itself."
        )
    yield from altered.notes


def sides(one: Alteration) -> tuple[tuple[str, str], ...]:
    """Return what changed, as (label, value); values are text of a server."""
    labels = ("dropped", "added") if one.aspect in _LISTS else ("backend", "gateway")
    what = "renamed" if one.aspect in _LISTS else "change"
    return tuple(
        (label, value)
        for label, value in (
            (what, one.what),
            (labels[0], one.backend),
            (labels[1], one.gateway),
        )
        if value
    )


def place(one: Alteration) -> str:
    """Return in how many replies something changed, and in which."""
    if one.aspect is Aspect.REPEATS:
        return ""
    where = f": {one.where}" if one.where and one.changed < one.compared else ""
    first = f"; request {one.request}" if one.request else ""
    replies = "reply" if one.compared == 1 else "replies"
    return f"{one.changed} of {one.compared} {replies}{where}{first}"


def to_json(report: Report) -> list[dict[str, Json]]:
    """Return the member `behind` of a JSON report."""
    return [_json(one, report) for one in attributions(report)]


def _json(one: Attribution, report: Report) -> dict[str, Json]:
    altered = report.altered
    backend = report.behind.headers[0] if report.behind else None
    return {
        "target": backend.target if backend else "",
        "profile": backend.profile if backend else "",
        "model": backend.model if backend else "",
        "trouble": backend.trouble if backend else "",
        "requests": backend.requests if backend else 0,
        "compared": altered.compared if altered else 0,
        "unequal": altered.unequal if altered else 0,
        "varying": altered.varying if altered else 0,
        "notes": list(altered.notes) if altered else [],
        "checks": {
            blame.value: [
                {
                    "check": check.name,
                    "level": check.level,
                    "backend": check.before,
                    "gateway": check.after,
                    "reasons": list(check.reasons),
                }
                for check in checks
            ]
            for blame, checks in one.checks.items()
        },
        "alterations": [
            {
                "aspect": alteration.aspect.value,
                "verdict": alteration.verdict.value,
                "what": alteration.what,
                "backend": alteration.backend,
                "gateway": alteration.gateway,
                "request": alteration.request,
                "changed": alteration.changed,
                "compared": alteration.compared,
                "where": alteration.where,
            }
            for alteration in one.alterations
        ],
        "latencies": [
            {
                "metric": latency.metric,
                "percentile": latency.percentile,
                "backend": latency.before,
                "gateway": latency.after,
                "verdict": latency.verdict,
                "streams": list(latency.streams),
            }
            for latency in one.latencies
        ],
    }
