"""Decides whether an exchange can be judged: no answer, busy, wrong status, cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from contract.detection.error_message import (
    BUSY,
    error_message,
)
from contract.detection.hints import (
    flag_hint,
    rejection_hint,
)
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Check,
    Finding,
    shorten,
)
from contract.model.exchange import (
    End,
    Exchange,
)
from contract.run.report import Outcome

RATE_LIMITED = 429


# The families that read what a server's parsers make of the model's output. What a
# refusal says of itself is a hint anywhere.
PARSED = frozenset({"reasoning", "tools"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check: its outcome, and the findings or the reason."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    broken: bool = False


def hinted(
    check: Check, findings: list[Finding], exchanges: list[Exchange]
) -> Iterator[Finding]:
    """The *findings*; the first says so if one setting of the server explains them."""
    for number, finding in enumerate(findings):
        if number or finding.hint:
            yield finding
        else:
            said = flag_hint(exchanges) if check.family in PARSED else ""
            yield replace(finding, hint=said or rejection_hint(exchanges))


def triage(check: Check, exchange: Exchange) -> Verdict | None:
    """The verdict on an exchange that is not worth judging; None when it is."""
    status = exchange.status
    if status is None:
        return Verdict(Outcome.ERROR, reason=f"nothing was learnt: {exchange.note}")
    # 4xx and "any" are meant for refusals; being too busy to answer is none.
    meant = status in check.expects and check.expects not in (CLIENT_ERRORS, ANY)
    if status in BUSY and not meant:
        answer = f"{status}, {error_message(exchange)}"
        if status == RATE_LIMITED:
            reason = f"rate limited ({answer}); lower --concurrency"
        else:
            reason = f"the provider could not answer ({answer})"
        return Verdict(Outcome.ERROR, reason=reason)
    if status not in check.expects:
        found = hinted(check, [_unexpected(check, exchange)], [exchange])
        return Verdict(Outcome.FAIL, tuple(found))
    if exchange.end not in {End.COMPLETE, End.LEFT} and not check.broken:
        reason = f"the response broke off: {exchange.note}"
        return Verdict(Outcome.ERROR, reason=reason)
    return None


def _unexpected(check: Check, exchange: Exchange) -> Finding:
    body = error_message(exchange)
    return Finding(
        "the status is not the one expected",
        expected=f"status {_ranges(check.expects)}",
        actual=f"status {exchange.status}" + (f": {shorten(body)}" if body else ""),
        at=f"request {exchange.probe.name}",
    )


def _ranges(statuses: frozenset[int]) -> str:
    """`200, 400-499`: runs of numbers as people write them."""
    runs = groupby(enumerate(sorted(statuses)), key=lambda pair: pair[1] - pair[0])
    words = []
    for _, pairs in runs:
        numbers = [number for _, number in pairs]
        first, last = numbers[0], numbers[-1]
        words.append(f"{first}" if first == last else f"{first}-{last}")
    return ", ".join(words)
