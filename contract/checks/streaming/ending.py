"""Checks of the end of a stream: completeness and the [DONE] event."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import Json
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
from contract.model.exchange import DONE, End, Exchange
from contract.model.probes import SUM
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply, encode_json, is_done
from contract.model.response_kind import ResponseKind, error_in, is_error, kind_of
from contract.model.sse import encode
from contract.portable.requirement import decided
from contract.portable.schemas import (
    anything_but,
    at_least,
    both,
    either,
    has,
)

STREAMING = {Capability.STREAMING}
ALSO = ("latency.samples-are-answered",)


@check(
    "streaming.completes",
    "A stream MUST be complete and contain no error event.",
    source="RFC 9112 8; vllm-project/vllm#57519; ai-dynamo/aiperf#1330",
    sends=SUM,
    needs=STREAMING,
    broken=True,
    every=Scope.ATTEMPTS,
)
@decided(
    has(ended=True, error=False, kind=anything_but("empty")),
    when=both(
        has(request=has(stream=True)),
        either(
            has(ended=False), has(error=True), has(kind="empty"), has(streamed=True)
        ),
    ),
)
def completes(exchange: Exchange) -> Findings:
    """Clients and benchmarks count a stream with status 200 as a success."""
    if not exchange.probe.stream:
        raise NotApplicable("the request does not ask for a stream")
    words = error_in(exchange)
    if not exchange.end.whole:
        yield Finding(
            "the stream was cut off",
            "a complete response",
            exchange.note or exchange.end.value,
            event_location(exchange.event_count, exchange.elapsed),
        )
    elif kind_of(exchange) is ResponseKind.EMPTY:
        size = f"a body of {len(exchange.body)} bytes"
        where = " without a blank line, which ends an event" if exchange.body else ""
        yield Finding("the stream is empty", "events", size + where)
    elif words is None and not exchange.streamed:
        raise NotApplicable("the response is not an event stream")
    if words is not None:
        place = next((c for c in exchange.folded if is_error(c.json)), None)
        yield Finding(
            "the stream contains an error",
            "chunks only, or an error status instead of a stream",
            words,
            event_location(place.event, place.at) if place else "",
        )


def _first_half(reply: Reply) -> Reply:
    return reply.with_frames(reply.frames[: (len(reply.frames) + 1) // 2])


@fault(breaks=completes, also=ALSO)
def connection_reset(reply: Reply) -> Reply:
    """The server crashes midway and the connection is reset."""
    if not reply.streamed or not reply.frames:
        return reply
    return replace(_first_half(reply), end=End.RESET)


@fault(breaks=completes, also=ALSO)
def stream_hangs(reply: Reply) -> Reply:
    """The engine dies and the connection stays open."""
    if not reply.streamed or not reply.frames:
        return reply
    return replace(_first_half(reply), end=End.TIMEOUT)


def _with_error(reply: Reply, error: dict[str, Json]) -> Reply:
    """Return the first half of a stream, an event with *error*, and [DONE]."""
    if not reply.streamed or not reply.frames:
        return reply
    half = _first_half(reply)
    at = half.frames[-1].at
    ends = [Frame(at, encode(encode_json(error))), Frame(at, encode(DONE))]
    return half.with_frames((*half.frames, *ends))


@fault(breaks=completes, also=ALSO)
def error_in_the_stream(reply: Reply) -> Reply:
    """The engine fails after the status 200 and sends an error (vllm#57519)."""
    message = "EngineCore encountered an issue."
    return _with_error(
        reply, {"error": {"message": message, "type": "InternalServerError"}}
    )


@fault(breaks=completes, also=ALSO)
def error_with_empty_choices(reply: Reply) -> Reply:
    """A gateway sends the error in a chunk without choices (OmniRoute#8210)."""
    error: Json = {"message": "request limit reached", "code": 502}
    return _with_error(reply, {"choices": [], "error": error})


@fault(breaks=completes, also=ALSO)
def stream_of_no_bytes(reply: Reply) -> Reply:
    """A stream has the status 200 and not a single event (preloop#121)."""
    return reply.with_frames(()) if reply.streamed else reply


@check(
    "streaming.ends-with-done",
    "A stream MUST end with exactly one [DONE] event.",
    source="OpenAI API reference, streaming; Mistral API reference, stream",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(
    has(stream=has(sentinels=1)),
    when=lambda dialect: has(
        stream=has(events=at_least(1), sentinels=at_least(0 if dialect.done else 1))
    ),
)
def ends_with_done(exchange: Exchange) -> Findings:
    if not exchange.event_count:
        raise NotApplicable("the stream has no event")
    count = len(exchange.sentinels)
    if not count and not exchange.profile.dialect.done:
        raise NotApplicable("this dialect ends its streams without [DONE]")
    if count != 1:
        last = exchange.events[-1]
        yield Finding(
            "the stream does not end with exactly one [DONE]",
            "[DONE] once",
            f"[DONE] {count} times; the last event is {shorten(last.data)}",
            event_location(exchange.event_count - 1, last.at),
        )


@fault(breaks=ends_with_done)
def done_missing(reply: Reply) -> Reply:
    """A proxy closes the connection instead of sending [DONE]."""
    return reply.with_frames(f for f in reply.frames if not is_done(f))


@fault(breaks=ends_with_done)
def done_twice(reply: Reply) -> Reply:
    """The engine and the gateway each send [DONE]."""
    done = [frame for frame in reply.frames if is_done(frame)]
    return reply.with_frames((*reply.frames, *done[:1]))


@check(
    "streaming.nothing-after-done",
    "A stream MUST NOT continue after [DONE].",
    source="OpenAI API reference, streaming",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
@decided(has(stream=has(afterDone=0)), when=has(stream=has(sentinels=at_least(1))))
def nothing_after_done(exchange: Exchange) -> Findings:
    if not exchange.sentinels:
        raise NotApplicable("the stream has no [DONE]")
    start = exchange.sentinels[0] + 1
    if start == exchange.event_count:
        return
    for number, event in enumerate(exchange.events[start:], start):
        if event.data != DONE:
            yield Finding(
                "an event follows [DONE]",
                "nothing",
                shorten(event.data),
                event_location(number, event.at),
            )


@fault(breaks=nothing_after_done)
def chunk_after_done(reply: Reply) -> Reply:
    """The last chunk is sent after [DONE]."""
    done = [number for number, frame in enumerate(reply.frames) if is_done(frame)]
    if not done or done[0] == 0:
        return reply
    before = done[0] - 1
    frames = list(reply.frames)
    frames[before], frames[done[0]] = (
        Frame(frames[before].at, frames[done[0]].data),
        Frame(frames[done[0]].at, frames[before].data),
    )
    return reply.with_frames(frames)


@check(
    "streaming.closes-after-done",
    "A server MUST end the response after [DONE].",
    source="RFC 9112 7.1 and 8: a body without its last chunk is incomplete; "
    "schemathesis/schemathesis#3633",
    sends=SUM,
    needs=STREAMING,
    every=Scope.STREAMS,
)
def closes_after_done(exchange: Exchange) -> Findings:
    """A client that reads to the end of the response would wait for ever."""
    if not exchange.sentinels:
        raise NotApplicable("the stream has no [DONE]")
    if exchange.end is End.OPEN:
        last = exchange.events[-1]
        yield Finding(
            "the response does not end after [DONE]",
            "the end of the response",
            exchange.note or "an open connection",
            event_location(len(exchange.events) - 1, last.at),
        )


@fault(breaks=closes_after_done, where=lambda dialect: dialect.done)
def left_open_after_done(reply: Reply) -> Reply:
    """A gateway pools the connection and waits for the engine to close it."""
    if not reply.streamed or not any(map(is_done, reply.frames)):
        return reply
    return replace(reply, end=End.OPEN)
