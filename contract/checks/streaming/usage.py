"""Checks of usage in a stream: sent once, in its place, and only on request."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.chunks import choices_of, chunk_of, map_chunks
from contract.checks.judging.chunks import Object, chunk_objects, last_event
from contract.checks.judging.usage import requested_usage, require_requested_usage
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
from contract.model.dialect import Dialect, StreamUsage
from contract.model.exchange import Exchange
from contract.model.probes import SUM
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply, encode_json, is_done
from contract.model.sse import encode as event
from contract.portable.requirement import decided
from contract.portable.schemas import CHUNKS, NEVER, both, either, has

STREAMING = {Capability.STREAMING}
NO_USAGE = replace(
    SUM, name="sum-streamed-without-usage", options=replace(SUM.options, usage=False)
)


# Of the place of the usage, what is beside it in its chunk.
_NO_CHOICE, _FINISH = has(besideNoChoice=True), has(besideFinish=True)
_PLACES = {
    StreamUsage.EXTRA_CHUNK: _NO_CHOICE,
    StreamUsage.LAST_CHUNK: _FINISH,
    StreamUsage.EITHER: either(_NO_CHOICE, _FINISH),
}


@check(
    "streaming.usage-comes-once",
    "A stream MUST report usage once, in the chunk that its dialect defines.",
    source="OpenAI API reference, stream_options.include_usage; Mistral API reference",
    sends=SUM,
    needs=STREAMING | {Capability.STREAM_USAGE},
    every=Scope.STREAMS,
)
@decided(
    lambda dialect: has(
        usages=both(has(count=1, isLast=True), _PLACES[dialect.stream_usage])
    ),
    when=lambda dialect: both(
        CHUNKS, requested_usage(dialect), has(request=has(continuousUsage=False))
    ),
)
def usage_comes_once(exchange: Exchange) -> Findings:
    require_requested_usage(exchange)
    options = exchange.sent.get("stream_options")
    if isinstance(options, dict) and options.get("continuous_usage_stats"):
        raise NotApplicable("the request asks for usage in every chunk")
    last, value = chunk_objects(exchange)[-1]
    if len(exchange.usages) != 1:
        yield Finding(
            "usage is not reported exactly once",
            "one usage object",
            f"{len(exchange.usages)}, in events "
            f"{[held.event for held, _ in exchange.usages]}",
            hint=exchange.profile.dialect.server_flags.usage if exchange.usages else "",
        )
        return
    held = exchange.usages[0][0]
    if held.event != last.event:
        yield Finding(
            "usage is not in the last chunk",
            f"usage in event {last_event(exchange)}",
            f"usage in event {held.event}",
            event_location(held.event, held.at),
        )
        return
    if exchange.profile.dialect.stream_usage is StreamUsage.EXTRA_CHUNK:
        if value.get("choices") != []:
            yield Finding(
                "the chunk with the usage has choices",
                "choices: []",
                shorten(value.get("choices")),
                event_location(held.event, held.at),
            )
    elif exchange.profile.dialect.stream_usage is StreamUsage.EITHER and (
        value.get("choices") == []
    ):
        return
    elif not any(choice.get("finish_reason") for choice in choices_of(value)):
        yield Finding(
            "usage is not in the chunk with the finish reason",
            "both in one chunk",
            "a chunk without finish reason",
            event_location(held.event, held.at),
        )


def _sends_on_request(dialect: Dialect) -> bool:
    return dialect.stream_usage is StreamUsage.EXTRA_CHUNK


def _has_usage_in_chunks(dialect: Dialect) -> bool:
    return dialect.surface is None


@fault(breaks=usage_comes_once, also=("usage",), where=_has_usage_in_chunks)
def usage_repeated(reply: Reply) -> Reply:
    """The first chunk also contains the final usage."""
    found = [chunk_of(frame).get("usage") for frame in reply.frames]
    usage = next((u for u in reversed(found) if isinstance(u, dict)), None)
    added = False

    def change(value: Object) -> Json:
        nonlocal added
        if not added and choices_of(value):
            added = True
            value["usage"] = usage
        return value

    return reply if usage is None else map_chunks(reply, change)


@fault(breaks=usage_comes_once, where=_sends_on_request)
def usage_beside_the_finish(reply: Reply) -> Reply:
    """The usage comes in the chunk with the finish reason (CLIProxyAPI#796)."""
    values = [chunk_of(frame) for frame in reply.frames]
    usage = next((v["usage"] for v in values if isinstance(v.get("usage"), dict)), None)

    def change(value: Object) -> Json:
        if value.get("choices") == [] and value.get("usage"):
            return None
        if any(choice.get("finish_reason") for choice in choices_of(value)):
            value["usage"] = usage
        return value

    several = reply.probe is not None and (reply.probe.options.n or 1) > 1
    return reply if usage is None or several else map_chunks(reply, change)


@check(
    "streaming.usage-only-when-asked",
    "A stream MUST NOT contain a usage chunk that was not requested.",
    source="OpenAI API reference, stream_options.include_usage",
    sends=NO_USAGE,
    needs=STREAMING | {Capability.STREAM_USAGE},
    unless="usage-unasked",
    every=Scope.STREAMS,
)
@decided(
    has(usages=has(count=0)),
    when=lambda dialect: (
        both(CHUNKS, has(request=has(hasStreamOptions=False)))
        if _sends_on_request(dialect)
        else NEVER
    ),
)
def usage_only_when_asked(exchange: Exchange) -> Findings:
    """
    A chunk without choices breaks clients that read `choices[0]` unconditionally.

    vLLM has an option to send it to every client; a profile can tolerate that.
    """
    if not _sends_on_request(exchange.profile.dialect):
        raise NotApplicable("this dialect always sends usage, in the last chunk")
    if exchange.sent.get("stream_options"):
        raise NotApplicable("the request includes stream_options")
    switch = exchange.profile.dialect.server_flags.usage
    hint = f"{switch}, or let the profile tolerate usage-unasked" if switch else ""
    for held, value in chunk_objects(exchange):
        if isinstance(value.get("usage"), dict):
            yield Finding(
                "usage was sent without being requested",
                "no usage without stream_options.include_usage",
                shorten(value["usage"]),
                event_location(held.event, held.at),
                hint=hint,
            )
            hint = ""  # only in the first finding


@fault(breaks=usage_only_when_asked)
def usage_unasked(reply: Reply) -> Reply:
    """A gateway requests usage for billing and forwards it to every client."""
    values = [chunk_of(frame) for frame in reply.frames if chunk_of(frame)]
    if not reply.streamed or not values or any(v.get("usage") for v in values):
        return reply
    usage: Json = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    extra: Json = {**values[0], "choices": [], "usage": usage}
    frames = list(reply.frames)
    where = len(frames) - 1 if is_done(frames[-1]) else len(frames)
    frames.insert(where, Frame(frames[-1].at, event(encode_json(extra))))
    return reply.with_frames(frames)
