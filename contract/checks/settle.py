"""Requests that may be answered or refused, but must be one of the two."""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.base import Finding, Findings, shorten
from contract.exchange import Exchange
from contract.reply import JSON_TYPE, Reply

EITHER = frozenset(range(200, 600))


def settled(exchange: Exchange) -> Findings:
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


def crash(reply: Reply) -> Reply:
    """*reply* as the bare 500 of a handler that raised."""
    crashed = reply.with_status(500).with_header(*JSON_TYPE)
    return crashed.with_json({"detail": "Internal Server Error"})
