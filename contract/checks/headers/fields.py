"""Header field checks: Accept, Content-Type, x-request-id and Date."""

from __future__ import annotations

import email.utils
from dataclasses import replace
from http import HTTPStatus

from contract.checks.headers.keys import SHORT_REQUEST
from contract.checks.judging.rejection import status_and_body
from contract.model.check import (
    ANY,
    Combined,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM, SUM_WHOLE, UTF8_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.portable.requirement import decided
from contract.portable.schemas import has

ACCEPT_STREAM = replace(
    SHORT_REQUEST,
    name="accept-event-stream",
    stream=True,
    headers=(("accept", "text/event-stream"),),
)
CHARSET = replace(
    SHORT_REQUEST,
    name="content-type-with-charset",
    headers=(("content-type", "application/json; charset=utf-8"),),
)


def _streamed(exchange: Exchange) -> Findings:
    yield from accept_event_stream.judge(exchange)


_BOTH_HEADERS = Combined(
    sends=(
        replace(
            ACCEPT_STREAM,
            name="accept-and-charset",
            headers=(*ACCEPT_STREAM.headers, *CHARSET.headers),
        ),
    ),
    judge=_streamed,
    needs=frozenset({Capability.STREAMING}),
)


@check(
    "headers.accept-event-stream",
    "A streaming request that accepts only text/event-stream MUST be streamed.",
    source="mistralai/client-python: requests streams with this Accept header; "
    "RFC 9110 §12.5.1",
    sends=ACCEPT_STREAM,
    combined=_BOTH_HEADERS,
    needs={Capability.STREAMING},
    expects=ANY,
)
@decided(has(status=200, streamed=True))
def accept_event_stream(exchange: Exchange) -> Findings:
    if exchange.status != HTTPStatus.OK or not exchange.streamed:
        yield Finding(
            "the request was rejected or not answered with a stream",
            expected="status 200, text/event-stream",
            actual=status_and_body(exchange),
            at="accept: text/event-stream",
        )


def _has_header(reply: Reply, name: str, value: str) -> bool:
    """Whether an answered chat request has a header *name* that contains *value*."""
    sent = reply.request.header(name) or ""
    answered = reply.is_chat and reply.status == HTTPStatus.OK
    return answered and value in sent


def _rejected(reply: Reply, status: HTTPStatus) -> Reply:
    return (
        reply.with_status(status)
        .with_header("content-type", "application/json")
        .with_json({"detail": status.phrase})
    )


@fault(breaks=accept_event_stream)
def only_json_acceptable(reply: Reply) -> Reply:
    """A gateway negotiates the media type its route declares, which is JSON."""
    if _has_header(reply, "accept", "text/event-stream"):
        return _rejected(reply, HTTPStatus.NOT_ACCEPTABLE)
    return reply


@check(
    "headers.content-type-with-charset",
    "A body declared as application/json; charset=utf-8 MUST be accepted as JSON.",
    source="RFC 8259 §11: a charset parameter has no effect; RFC 9110 §8.3.1",
    sends=CHARSET,
    expects=ANY,
    combined=_BOTH_HEADERS,
)
@decided(has(status=200))
def content_type_with_charset(exchange: Exchange) -> Findings:
    """Java and .NET clients send this charset with every request."""
    if exchange.status != HTTPStatus.OK:
        yield Finding(
            "a JSON body was rejected because of its charset",
            expected="status 200",
            actual=status_and_body(exchange),
            at="content-type: application/json; charset=utf-8",
        )


@fault(breaks=content_type_with_charset)
def media_type_compared_whole(reply: Reply) -> Reply:
    """The whole header is compared with application/json, parameters included."""
    if _has_header(reply, "content-type", "charset"):
        return _rejected(reply, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return reply


ID_HEADERS = ("x-request-id", "mistral-correlation-id")


@check(
    "headers.request-ids-differ",
    "Two responses MUST NOT carry the same x-request-id or mistral-correlation-id.",
    source="vLLM, --enable-request-id-headers; transformers serve, x-request-id",
    sends=(SUM_WHOLE, UTF8_WHOLE, SUM),
    needs={Capability.STREAMING},
    every=Scope.RESPONSES,
    across=True,
)
def request_ids_differ(*exchanges: Exchange) -> Findings:
    known: dict[tuple[str, str], str] = {}
    for exchange in exchanges:
        for name in ID_HEADERS:
            value = exchange.header(name)
            if value and (name, value) in known:
                yield Finding(
                    f"two responses carry the same {name}",
                    expected="a different id for each response",
                    actual=f"{shorten(value)}, as for {known[name, value]}",
                    at=f"request {exchange.probe.name}",
                )
            elif value:
                known[name, value] = exchange.probe.name
    if not known:
        raise NotApplicable("no response carries an id of its request")


@fault(breaks=request_ids_differ)
def request_id_of_the_worker(reply: Reply) -> Reply:
    """The middleware generates its id once, when the worker starts."""
    return reply.with_header("x-request-id", "fb924cbace0a4c96adf115f5ed03d632")


@check(
    "headers.date-is-readable",
    "A Date header MUST be a date in the IMF-fixdate format of HTTP.",
    source="RFC 9110 §6.6.1 and §5.6.7",
    sends=SUM_WHOLE,
    every=Scope.RESPONSES,
)
def date_is_readable(exchange: Exchange) -> Findings:
    """`Tue, 15 Nov 1994 08:12:31 GMT`; senders must not use the obsolete formats."""
    dates = [value for name, value in exchange.headers if name == "date"]
    if not dates:
        raise NotApplicable("the response has no Date header")
    for date in dates:
        if not _is_imf_fixdate(date):
            yield Finding(
                "the Date header is not a valid HTTP date",
                expected="a date such as Tue, 15 Nov 1994 08:12:31 GMT",
                actual=shorten(date),
                at="date",
            )


def _is_imf_fixdate(date: str) -> bool:
    try:
        parsed = email.utils.parsedate_to_datetime(date)
        return email.utils.format_datetime(parsed, usegmt=True) == date.strip()
    except (ValueError, TypeError):
        return False


@fault(breaks=date_is_readable)
def date_in_another_format(reply: Reply) -> Reply:
    """A gateway writes the date in the ISO 8601 format of its logs."""
    return reply.with_header("date", "2025-09-18T09:00:00Z")
