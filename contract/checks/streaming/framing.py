"""Checks of the framing of a stream: media type, SSE grammar and event data."""

from __future__ import annotations

from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    event_location,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM
from contract.model.profile import Capability
from contract.model.reply import SSE_TYPE, Frame, Reply
from contract.portable.requirement import decided
from contract.portable.schemas import UTF_8, at_least, either, has

STREAMING = {Capability.STREAMING}


@check(
    "streaming.content-type",
    "A stream MUST be sent as text/event-stream in UTF-8.",
    source="WHATWG HTML 9.2.5 and the registration of text/event-stream",
    sends=SUM,
    needs=STREAMING,
    every=Scope.ATTEMPTS,
)
@decided(
    has(streamed=True, contentType=has(charsets=UTF_8)),
    when=has(request=has(stream=True)),
)
def content_type(exchange: Exchange) -> Findings:
    if not exchange.probe.stream:
        raise NotApplicable("the request does not ask for a stream")
    seen = exchange.header("content-type") or "no content type"
    if not exchange.streamed:
        yield Finding("the response is not an event stream", SSE_TYPE[1], shorten(seen))
        return
    # The registration of text/event-stream allows no other value than utf-8.
    for parameter in seen.split(";")[1:]:
        name, _, value = parameter.strip().lower().partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            yield Finding(
                "the stream declares an encoding other than UTF-8",
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
    "A stream MUST consist of complete UTF-8 events, each ended by a blank line.",
    source="WHATWG HTML 9.2.5",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
def well_formed(exchange: Exchange) -> Findings:
    if not exchange.streamed or not exchange.size:
        raise NotApplicable("the response is not an event stream, or is empty")
    for flaw in exchange.flaws:
        if not flaw.legal:
            yield Finding(
                flaw.message,
                "events that match the SSE grammar",
                flaw.message,
                f"event {flaw.event}",
            )


@fault(breaks=well_formed)
def half_an_event(reply: Reply) -> Reply:
    """The response ends in the middle of an additional event."""
    if not reply.streamed or not reply.frames:
        return reply
    return reply.with_frames(
        (*reply.frames, Frame(reply.frames[-1].at, b'data: {"id": "cha'))
    )


@check(
    "streaming.known-fields",
    "A stream SHOULD use no fields other than data, event, id and retry.",
    source="WHATWG HTML 9.2.6 (other fields are ignored)",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(
    has(stream=has(ignoredLines=False)),
    when=either(
        has(stream=has(ignoredLines=True)), has(stream=has(events=at_least(1)))
    ),
)
def known_fields(exchange: Exchange) -> Findings:
    """Clients ignore lines with other fields, so their content is lost."""
    if not exchange.streamed or not exchange.size:
        raise NotApplicable("the response is not an event stream, or is empty")
    for flaw in exchange.flaws:
        if flaw.legal:
            yield Finding(
                "the stream has a line that every client ignores",
                "data, event, id, retry or a comment",
                shorten(flaw.message),
                f"event {flaw.event}",
            )


@fault(breaks=known_fields)
def log_line_in_stream(reply: Reply) -> Reply:
    """A worker writes its log to the file descriptor of the stream."""
    if not reply.streamed or not reply.frames:
        return reply
    first, *rest = reply.frames
    line = Frame(first.at, b"INFO: 1 request running, 0 waiting\n\n")
    return reply.with_frames((first, line, *rest))


@check(
    "streaming.events-are-json",
    "Every event except [DONE] MUST be one JSON object.",
    source="OpenAI API reference, chat completion chunk; RFC 8259",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(has(stream=has(strays=0)), when=has(stream=has(events=at_least(1))))
def events_are_json(exchange: Exchange) -> Findings:
    if not exchange.event_count:
        raise NotApplicable("the stream has no event")
    for number in exchange.strays:
        event = exchange.events[number]
        yield Finding(
            "an event is not a JSON object",
            "a JSON object, or [DONE]",
            shorten(event.data),
            event_location(number, event.at),
        )


@fault(breaks=events_are_json)
def ping_as_data(reply: Reply) -> Reply:
    """A proxy sends keep-alives as events instead of as comments."""
    if not reply.streamed or not reply.frames:
        return reply
    first, *rest = reply.frames
    return reply.with_frames((first, Frame(first.at, b"data: ping\n\n"), *rest))
