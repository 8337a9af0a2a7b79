"""Judging of a corpus: which of many documents are valid, and the rate of those."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from contract.checks.judging.answered import expect_answered_or_rejected
from contract.model.check import Finding, Findings, NotApplicable, shorten
from contract.model.exchange import Exchange
from contract.model.interval import share

Judged = Callable[[Exchange], str]
"""Returns why a document is invalid, or nothing; raises `NotApplicable` if cut."""

MOST_SHOWN = 10  # invalid documents


def reasons(exchanges: Iterable[Exchange], judge: Judged) -> dict[str, tuple[str, str]]:
    """
    Return the reason (empty: valid) and the text of each judged reply, by its probe.

    Rejected requests promise nothing, and documents that were cut off are not judged.
    """
    found: dict[str, tuple[str, str]] = {}
    for exchange in exchanges:
        if exchange.status != HTTPStatus.OK:
            continue
        try:
            reason = judge(exchange)
        except NotApplicable:
            continue
        text = "".join(piece.text for piece in exchange.pieces[-1:])
        found[exchange.probe.name] = (reason, text)
    return found


def figures(
    metric: str, exchanges: Iterable[Exchange], judge: Judged
) -> Mapping[str, float]:
    """Return the rate of valid documents, and its interval, for a report."""
    known = reasons(exchanges, judge)
    found = share(sum(not reason for reason, _ in known.values()), len(known))
    if found is None:
        return {}
    return {
        f"{metric}_rate": found.seen,
        f"{metric}_low": found.low,
        f"{metric}_high": found.high,
    }


def all_valid(exchanges: tuple[Exchange, ...], judge: Judged) -> Findings:
    """
    Yield findings on the invalid documents: their number and rate, then each of them.

    Raises `NotApplicable` if there is no document.
    """
    for exchange in exchanges:
        if exchange.status != HTTPStatus.OK:
            yield from expect_answered_or_rejected(exchange)
    known = reasons(exchanges, judge)
    invalid = {name: pair for name, pair in known.items() if pair[0]}
    found = share(len(known) - len(invalid), len(known))
    if found is None:
        raise NotApplicable("no schema of the corpus was accepted and answered in full")
    if invalid:
        yield Finding(
            f"{len(invalid)} of {len(known)} documents do not satisfy their schema",
            expected="100 %, as every schema was accepted as strict",
            actual=f"{found.seen:.1%} (95 % confidence interval {found.low:.1%} to "
            f"{found.high:.1%})",
        )
    for name, (reason, text) in list(invalid.items())[:MOST_SHOWN]:
        yield Finding(reason, actual=shorten(text) or "nothing", at=name)
