"""Requests that may be answered or refused, but must be one of the two."""

from __future__ import annotations

from http import HTTPStatus

from contract import spec
from contract.checks.base import Finding, Findings, shorten
from contract.exchange import Exchange
from contract.reply import JSON_TYPE, Reply

EITHER = frozenset(range(200, 600))


def settled(exchange: Exchange) -> Findings:
    """A finding unless there is a choice, or a 4xx in the dialect's shape of errors."""
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
    shape = exchange.profile.dialect.prefix + "Error"
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not refused or not spec.accepts(shape, exchange.json):
        yield Finding(
            "the request was neither answered nor refused",
            expected=f"status 200, or 4xx with {shape} of openapi.yaml",
            actual=f"status {status}, {shorten(exchange.text) or 'no body'}",
            at=where,
        )


def crash(reply: Reply) -> Reply:
    """*reply* as the bare 500 of a handler that raised."""
    crashed = reply.with_status(500).with_header(*JSON_TYPE)
    return crashed.with_json({"detail": "Internal Server Error"})
