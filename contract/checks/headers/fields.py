"""Header fields that clients send or read: they are taken, unique and readable."""

from __future__ import annotations

import email.utils
from dataclasses import replace

from contract.checks.headers.keys import (
    DOOR,
    OK,
    seen,
)
from contract.model.chat import CHAT
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
    UTF8_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import Reply

ACCEPT_STREAM = replace(
    DOOR,
    name="accept-event-stream",
    stream=True,
    headers=(("accept", "text/event-stream"),),
)
CHARSET = replace(
    DOOR,
    name="content-type-with-charset",
    headers=(("content-type", "application/json; charset=utf-8"),),
)


@check(
    "headers.accept-event-stream",
    "A request for a stream that accepts only text/event-stream MUST get one.",
    source="mistralai/client-python: a stream is asked for with this Accept header; "
    "RFC 9110 §12.5.1",
    sends=ACCEPT_STREAM,
    needs={Capability.STREAMING},
    expects=ANY,
)
def accept_event_stream(exchange: Exchange) -> Findings:
    if exchange.status != OK or not exchange.streamed:
        yield Finding(
            "the stream was refused, or came as something else",
            expected="status 200, text/event-stream",
            actual=seen(exchange),
            at="accept: text/event-stream",
        )


def _asks(reply: Reply, name: str, value: str) -> bool:
    given = reply.request.header(name) or ""
    return value in given and reply.request.path == CHAT and reply.status == OK


def _turned_down(reply: Reply, status: int, words: str) -> Reply:
    return (
        reply.with_status(status)
        .with_header("content-type", "application/json")
        .with_json({"detail": words})
    )


@fault(breaks=accept_event_stream)
def only_json_acceptable(reply: Reply) -> Reply:
    """A gateway negotiates by what its route declares, which is JSON."""
    if _asks(reply, "accept", "text/event-stream"):
        return _turned_down(reply, 406, "Not Acceptable")
    return reply


@check(
    "headers.content-type-with-charset",
    "A body declared as application/json; charset=utf-8 MUST be taken as JSON.",
    source="RFC 8259 §11: a charset parameter has no effect; RFC 9110 §8.3.1",
    sends=CHARSET,
    expects=ANY,
)
def content_type_with_charset(exchange: Exchange) -> Findings:
    """Java and .NET clients send it with every request."""
    if exchange.status != OK:
        yield Finding(
            "a JSON body was refused for its charset",
            expected="status 200",
            actual=seen(exchange),
            at="content-type: application/json; charset=utf-8",
        )


@fault(breaks=content_type_with_charset)
def media_type_compared_whole(reply: Reply) -> Reply:
    """The header is compared with application/json, parameters and all."""
    if _asks(reply, "content-type", "charset"):
        return _turned_down(reply, 415, "Unsupported Media Type")
    return reply


@check(
    "headers.request-ids-differ",
    "Two responses MUST NOT carry the same x-request-id.",
    source="vLLM, --enable-request-id-headers; transformers serve, x-request-id",
    sends=(SUM_WHOLE, UTF8_WHOLE, SUM),
    needs={Capability.STREAMING},
)
def request_ids_differ(*exchanges: Exchange) -> Findings:
    known: dict[str, str] = {}
    for exchange in exchanges:
        told = exchange.header("x-request-id")
        if told and told in known:
            yield Finding(
                "two responses carry one x-request-id",
                expected="another id",
                actual=shorten(told),
                at=f"{known[told]} and {exchange.probe.name}",
            )
        elif told:
            known[told] = exchange.probe.name
    if not known:
        raise NotApplicable("no response carries an x-request-id")


@fault(breaks=request_ids_differ)
def request_id_of_the_worker(reply: Reply) -> Reply:
    """The middleware makes its id once, when the worker starts."""
    return reply.with_header("x-request-id", "fb924cbace0a4c96adf115f5ed03d632")


@check(
    "headers.date-is-readable",
    "A Date MUST be a date as HTTP writes it.",
    source="RFC 9110 §6.6.1 and §5.6.7",
    sends=SUM_WHOLE,
)
def date_is_readable(exchange: Exchange) -> Findings:
    """`Tue, 15 Nov 1994 08:12:31 GMT`; the obsolete forms are for readers only."""
    dates = [value for name, value in exchange.headers if name == "date"]
    if not dates:
        raise NotApplicable("the response has no Date")
    for date in dates:
        if not _written_right(date):
            yield Finding(
                "the Date is not one HTTP knows",
                expected="a date such as Tue, 15 Nov 1994 08:12:31 GMT",
                actual=shorten(date),
                at="date",
            )


def _written_right(date: str) -> bool:
    try:
        read = email.utils.parsedate_to_datetime(date)
        return email.utils.format_datetime(read, usegmt=True) == date.strip()
    except (ValueError, TypeError):
        return False


@fault(breaks=date_is_readable)
def date_in_another_format(reply: Reply) -> Reply:
    """A gateway writes the time as its logs do."""
    return reply.with_header("date", "2025-09-18T09:00:00Z")
