"""Requests that a provider may answer or reject, but must do one of the two."""

from __future__ import annotations

from http import HTTPStatus

from contract.model.check import (
    Finding,
    Findings,
    shorten,
)
from contract.model.exchange import Exchange

EITHER = frozenset(range(200, 600))


def answered_or_rejected(exchange: Exchange) -> Findings:
    """A finding unless there is a choice or a 4xx, in whichever words."""
    status = exchange.status or 0
    where = f"request {exchange.probe.name}"
    if status == HTTPStatus.OK:
        if not exchange.choices:
            yield Finding(
                "the request was taken and not answered",
                expected="a choice",
                actual="none",
                at=where,
            )
        return
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        yield Finding(
            "the request was neither answered nor refused",
            expected="status 200 or 4xx",
            actual=f"status {status}, {shorten(exchange.text) or 'no body'}",
            at=where,
        )


def visible_text(exchange: Exchange) -> tuple[str, str]:
    """Thought and answer, without the white space that some servers trim."""
    return exchange.reasoning.strip(), exchange.answer.strip()


def all_answered(*exchanges: Exchange) -> Findings:
    """A finding for each reply without a choice: taken is not yet answered."""
    for exchange in exchanges:
        if not exchange.choices:
            yield Finding(
                "the request was taken and not answered",
                expected="a choice",
                actual="none",
                at=exchange.probe.name,
            )
