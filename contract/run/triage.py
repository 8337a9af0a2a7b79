"""Triage of exchanges that cannot be judged: no response, busy, incomplete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import groupby

from contract.detection.error_message import BUSY, error_message
from contract.detection.hints import flag_hint, rejection_hint
from contract.model.check import ANY, CLIENT_ERRORS, Check, Finding, shorten
from contract.model.exchange import End, Exchange
from contract.run.report import Outcome

# The families that judge what the server's parsers make of the model's output. Only
# their findings can be explained by a parser flag; a rejection can explain any finding.
PARSED = frozenset({"reasoning", "tools"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check with its findings or its reason, as in `Result`."""

    outcome: Outcome
    # What the judge found, in the order found.
    findings: tuple[Finding, ...] = ()
    # Why the check was skipped, waived or in error; empty otherwise.
    reason: str = ""
    # Whether an error is a bug in the check itself.
    broken: bool = False


def with_hint(
    check: Check, findings: list[Finding], exchanges: list[Exchange]
) -> Iterator[Finding]:
    """
    Yield the *findings* of *check*, the first with a hint if it has none.

    The hint names the single server setting that explains the findings, derived from
    the *exchanges* of the check; it stays empty if no setting does.
    """
    for index, finding in enumerate(findings):
        if index or finding.hint:
            yield finding
        else:
            hint = flag_hint(exchanges) if check.family in PARSED else ""
            yield replace(finding, hint=hint or rejection_hint(exchanges))


def triage(check: Check, exchange: Exchange) -> Verdict | None:
    """Return the verdict on an exchange that cannot be judged; None if it can be."""
    status = exchange.status
    if status is None:
        return Verdict(Outcome.ERROR, reason=f"no response: {exchange.note}")
    # 4xx and "any" stand for rejections of the request; a busy server rejects nothing.
    expected = status in check.expects and check.expects not in (CLIENT_ERRORS, ANY)
    if status in BUSY and not expected:
        answer = f"{status}, {error_message(exchange)}"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            reason = f"rate limited ({answer}); lower --concurrency"
        else:
            reason = f"the server could not answer ({answer})"
        return Verdict(Outcome.ERROR, reason=reason)
    if status not in check.expects:
        findings = with_hint(check, [_unexpected(check, exchange)], [exchange])
        return Verdict(Outcome.FAIL, tuple(findings))
    if exchange.end not in {End.COMPLETE, End.LEFT} and not check.broken:
        reason = f"the response is incomplete: {exchange.note}"
        return Verdict(Outcome.ERROR, reason=reason)
    return None


def _unexpected(check: Check, exchange: Exchange) -> Finding:
    body = error_message(exchange)
    return Finding(
        "unexpected status",
        expected=f"status {_ranges(check.expects)}",
        actual=f"status {exchange.status}" + (f": {shorten(body)}" if body else ""),
        at=f"request {exchange.probe.name}",
    )


def _ranges(statuses: frozenset[int]) -> str:
    """Return *statuses* as text, consecutive ones as a range: `200, 400-499`."""
    runs = groupby(enumerate(sorted(statuses)), key=lambda pair: pair[1] - pair[0])
    ranges = []
    for _, pairs in runs:
        numbers = [number for _, number in pairs]
        first, last = numbers[0], numbers[-1]
        ranges.append(f"{first}" if first == last else f"{first}-{last}")
    return ", ".join(ranges)
