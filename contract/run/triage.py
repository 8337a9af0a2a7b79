"""Triage of exchanges that cannot be judged: no response, busy, incomplete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from contract.detection.error_message import BUSY, error_message
from contract.detection.hints import flag_hint, rejection_hint
from contract.model.check import ANY, CLIENT_ERRORS, Check, Finding, shorten
from contract.model.exchange import End, Exchange
from contract.model.response_kind import (
    NOT_AN_ANSWER,
    ResponseKind,
    error_in,
    is_chat,
    kind_of,
    undeclared_coding,
)
from contract.run.report import Outcome

# The families that judge what the server's parsers make of the model's output. Only
# their findings can be explained by a parser flag; a rejection can explain any finding.
PARSED = frozenset({"reasoning", "tools"})
RATE_ADVICE = "see the note on the rate limit"
# The check that reports a kind of response; those that only meet it refer to it.
_REPORTED_BY = {
    ResponseKind.REDIRECTED: "transport.is-not-redirected",
    ResponseKind.ERROR_IN_ANSWER: "transport.errors-have-an-error-status",
    ResponseKind.EMPTY: "transport.answers-are-not-empty",
    ResponseKind.UNREADABLE: "schema.response",
}
_NO_ANSWER = {
    ResponseKind.EMPTY: "an empty answer",
    ResponseKind.CUT_OFF: "the answer ends in the middle of its JSON",
    ResponseKind.UNREADABLE: "the answer is not JSON",
    ResponseKind.MISLABELLED: "the answer is labelled wrongly",
}


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
    """
    Return the verdict on an exchange that cannot be judged; None if it can be.

    A response that is redirected, cut off, empty or an error with status 200 is the
    failure of one check, which `_REPORTED_BY` names. Any other check that meets it is
    in error: it could not be judged, and blames nothing else.
    """
    reason = _no_answer(check, exchange)
    left = exchange.status is None and exchange.end is End.LEFT
    if reason is None and not left and exchange.status not in check.expects:
        findings = with_hint(check, [_unexpected(check, exchange)], [exchange])
        return Verdict(Outcome.FAIL, tuple(findings))
    if reason is None:
        reason = _no_whole_answer(check, exchange)
    return None if reason is None else Verdict(Outcome.ERROR, reason=reason)


def _rejects(check: Check) -> bool:
    """Whether *check* judges the rejection of its requests, if they are rejected."""
    return check.expects in (CLIENT_ERRORS, ANY)


def _no_answer(check: Check, exchange: Exchange) -> str | None:
    """Return why the server neither answered nor rejected the request, or None."""
    kind, status = kind_of(exchange), exchange.status
    if kind is ResponseKind.LEFT:
        return None
    if status is None:
        return f"no response: {exchange.note}"
    answer = f"{status}, {error_message(exchange)}"
    expected = status in check.expects and not _rejects(check)
    # A request that is limited however often it is repeated, while others are answered,
    # is rejected with the wrong status.
    in_vain = _rejects(check) and exchange.repeats
    if kind is ResponseKind.RATE_LIMITED and not expected and not in_vain:
        return f"rate limited ({answer}); {RATE_ADVICE}"
    # A server that was sent an invalid request has to say so, whether busy or not.
    if status in BUSY and not expected and not _rejects(check):
        return f"the server could not answer ({answer})"
    if kind is ResponseKind.REDIRECTED and is_chat(exchange):
        where = shorten(exchange.header("location") or "no Location")
        return f"redirected ({status}, {where}); see {_REPORTED_BY[kind]}"
    return None


def _no_whole_answer(check: Check, exchange: Exchange) -> str | None:
    """Return why a response of an expected status holds no whole answer, or None."""
    kind = kind_of(exchange)
    see = f"; see {_reported_by(exchange, kind)}"
    if not exchange.end.whole and exchange.end is not End.LEFT:
        if check.broken:
            return None
        cut = see if exchange.end is End.RESET else ""
        return f"the response is incomplete: {exchange.note}{cut}"
    if kind not in NOT_AN_ANSWER or _rejects(check):
        return None
    if kind is ResponseKind.ERROR_IN_ANSWER:
        return f"an error with status 200 ({error_in(exchange)}){see}"
    return f"{_NO_ANSWER[kind]}{see}"


def _reported_by(exchange: Exchange, kind: ResponseKind) -> str:
    """Return the id of the check that fails because of a response of *kind*."""
    if kind is ResponseKind.MISLABELLED:
        if undeclared_coding(exchange):
            return "transport.encoding-is-true"
        family = "streaming" if exchange.probe.stream else "schema"
        return f"{family}.content-type"
    if exchange.probe.stream:
        return "streaming.completes"
    return _REPORTED_BY.get(kind, "transport.answers-are-whole")


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
