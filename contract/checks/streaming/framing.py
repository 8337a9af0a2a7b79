"""How a stream is framed: its media type, its grammar, what an event may hold."""

from __future__ import annotations

from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    event_location,
    fault,
    shorten,
)
from contract.model.exchange import (
    DONE,
    Exchange,
)
from contract.model.probes import SUM
from contract.model.profile import Capability
from contract.model.reply import (
    SSE_TYPE,
    Frame,
    Reply,
)
from contract.model.strict_json import read_json

STREAMING = {Capability.STREAMING}


@check(
    "streaming.content-type",
    "A stream MUST be sent as text/event-stream in UTF-8.",
    source="WHATWG HTML 9.2.5 and the registration of text/event-stream",
    sends=SUM,
    needs=STREAMING,
)
def content_type(exchange: Exchange) -> Findings:
    seen = exchange.header("content-type") or "no content type"
    if not exchange.streamed:
        yield Finding(
            "a stream was asked for and something else came", SSE_TYPE[1], shorten(seen)
        )
        return
    # "The parameter's value must be utf-8": any other promise is a wrong one.
    for parameter in seen.split(";")[1:]:
        name, _, value = parameter.strip().lower().partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            yield Finding(
                "the stream claims an encoding it may not have",
                "charset=utf-8, or none",
                shorten(seen),
            )


@fault(
    breaks=content_type,
    also=(
        "headers.accept-event-stream",
        "isolation.own-form",
        "reasoning",
        "usage",
        "latency",
    ),
)
def stream_called_json(reply: Reply) -> Reply:
    """A gateway labels every response of the route application/json."""
    if not reply.streamed:
        return reply
    return reply.with_header("content-type", "application/json")


@fault(breaks=content_type)
def stream_called_latin_1(reply: Reply) -> Reply:
    """A web framework appends its default charset to the media type."""
    if not reply.streamed:
        return reply
    return reply.with_header("content-type", "text/event-stream; charset=iso-8859-1")


@check(
    "streaming.well-formed",
    "A stream MUST consist of whole UTF-8 events that a blank line ends.",
    source="WHATWG HTML 9.2.5",
    sends=SUM,
    needs=STREAMING,
)
def well_formed(exchange: Exchange) -> Findings:
    if not exchange.streamed or not exchange.body:
        raise NotApplicable("no event stream came")
    for flaw in exchange.flaws:
        if not flaw.legal:
            yield Finding(
                flaw.message,
                "events as the grammar has them",
                flaw.message,
                f"event {flaw.event}",
            )


@fault(breaks=well_formed)
def half_an_event(reply: Reply) -> Reply:
    """The server ends the response in the middle of one more event."""
    if not reply.streamed or not reply.frames:
        return reply
    return reply.with_frames(
        (*reply.frames, Frame(reply.frames[-1].at, b'data: {"id": "cha'))
    )


@check(
    "streaming.known-fields",
    "A stream SHOULD use no field but data, event, id and retry.",
    source="WHATWG HTML 9.2.6 (other fields are ignored)",
    sends=SUM,
    needs=STREAMING,
)
def known_fields(exchange: Exchange) -> Findings:
    """A reader ignores such a line; whoever wrote it wanted to say something."""
    if not exchange.streamed or not exchange.body:
        raise NotApplicable("no event stream came")
    for flaw in exchange.flaws:
        if flaw.legal:
            yield Finding(
                "a line that every reader ignores",
                "data, event, id, retry or a comment",
                shorten(flaw.message),
                f"event {flaw.event}",
            )


@fault(breaks=known_fields)
def log_line_in_stream(reply: Reply) -> Reply:
    """A worker prints its log to the descriptor that carries the stream."""
    if not reply.streamed or not reply.frames:
        return reply
    first, *rest = reply.frames
    line = Frame(first.at, b"INFO: 1 request running, 0 waiting\n\n")
    return reply.with_frames((first, line, *rest))


@check(
    "streaming.events-are-json",
    "Every event but [DONE] MUST be one JSON object.",
    source="OpenAI API reference, chat completion chunk; RFC 8259",
    sends=SUM,
    needs=STREAMING,
)
def events_are_json(exchange: Exchange) -> Findings:
    if not exchange.events:
        raise NotApplicable("the stream held no event")
    for number, event in enumerate(exchange.events):
        if event.data == DONE:
            continue
        value = read_json(event.data.encode(errors="surrogatepass"))
        if not isinstance(value, dict):
            yield Finding(
                "an event is no JSON object",
                "a JSON object, or [DONE]",
                shorten(event.data),
                event_location(number, event.at),
            )


@fault(breaks=events_are_json)
def ping_as_data(reply: Reply) -> Reply:
    """A proxy keeps the connection alive with an event and not with a comment."""
    if not reply.streamed or not reply.frames:
        return reply
    first, *rest = reply.frames
    return reply.with_frames((first, Frame(first.at, b"data: ping\n\n"), *rest))
