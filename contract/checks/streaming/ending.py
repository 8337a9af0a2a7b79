"""How a stream ends: its finish reasons, its usage, its last event."""

from __future__ import annotations

from dataclasses import replace

from contract.chat import Json
from contract.checks.base import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    place,
    shorten,
)
from contract.checks.streaming.reading import (
    Object,
    choices,
    chunk,
    chunkwise,
    is_error,
    objects,
    options,
    places,
    says,
)
from contract.dialects.base import StreamUsage
from contract.exchange import DONE, End, Exchange
from contract.probes import CUT, SUM
from contract.profile import Capability
from contract.reply import Frame, Reply, encode, is_done
from contract.sse import encode as event

STREAMING = {Capability.STREAMING}
NO_USAGE = replace(
    SUM, name="sum-streamed-without-usage", options=replace(SUM.options, usage=False)
)
REASONS = frozenset(
    {
        "stop",
        "length",
        "model_length",
        "tool_calls",
        "error",
        "content_filter",
        "function_call",
    }
)
CUT_SHORT = frozenset({"length", "model_length"})


@check(
    "streaming.completes",
    "A stream MUST run to its end and report no error on the way.",
    source="RFC 9112 8; vllm-project/vllm, errors in a stream",
    sends=SUM,
    needs=STREAMING,
    broken=True,
)
def completes(exchange: Exchange) -> Findings:
    if exchange.end is not End.COMPLETE:
        yield Finding(
            "the stream broke off",
            "a complete response",
            exchange.note or exchange.end.value,
            place(len(exchange.events), exchange.elapsed),
        )
    elif not exchange.body:
        yield Finding("the stream is empty", "events", "a body of 0 bytes")
    for held in exchange.chunks:
        if isinstance(held.json, dict) and is_error(held.json):
            yield Finding(
                "the stream reports an error",
                "chunks only",
                shorten(held.json),
                place(held.event, held.at),
            )


@fault(breaks=completes)
def connection_reset(reply: Reply) -> Reply:
    """The server crashes half-way and the connection breaks off."""
    if not reply.streamed or not reply.frames:
        return reply
    half = reply.frames[: (len(reply.frames) + 1) // 2]
    return replace(reply.with_frames(half), end=End.RESET)


@fault(breaks=completes)
def stream_hangs(reply: Reply) -> Reply:
    """The engine dies and nobody closes the connection."""
    if not reply.streamed or not reply.frames:
        return reply
    half = reply.frames[: (len(reply.frames) + 1) // 2]
    return replace(reply.with_frames(half), end=End.TIMEOUT)


@check(
    "streaming.finishes-once",
    "Each choice of a stream MUST have exactly one finish reason.",
    source="OpenAI API reference, chat completion chunk, finish_reason",
    sends=SUM,
    needs=STREAMING,
)
def finishes_once(exchange: Exchange) -> Findings:
    choices(exchange)
    for index, reasons in sorted(exchange.finishes.items()):
        if len(reasons) != 1:
            yield Finding(
                f"choice {index} does not finish once",
                "one finish reason",
                shorten(", ".join(reasons)) or "none",
            )


@fault(
    breaks=finishes_once,
    also=(
        "reasoning",
        "usage",
        "streaming.choices-stay-apart",
        "streaming.cut-says-length",
        "streaming.usage-comes-once",
    ),
)
def finish_missing(reply: Reply) -> Reply:
    """The stream just stops: nobody says whether it was finished or cut."""

    def change(value: Object) -> Json:
        for choice in options(value):
            if "finish_reason" in choice:
                choice["finish_reason"] = None
        return value

    return chunkwise(reply, change)


@fault(breaks=finishes_once, also=("streaming.choices-stay-apart",))
def finish_twice(reply: Reply) -> Reply:
    """A gateway adds its own finish chunk behind the engine's."""
    for number, frame in enumerate(reply.frames if reply.streamed else ()):
        value = chunk(frame)
        value.pop("usage", None)
        if not any(choice.get("finish_reason") for choice in options(value)):
            continue
        for choice in options(value):
            choice["delta"] = {}
        again = Frame(frame.at, event(encode(value)))
        frames = (*reply.frames[:number], again, *reply.frames[number:])
        return reply.with_frames(frames)
    return reply


@check(
    "streaming.finish-reason-is-known",
    "A finish reason MUST be one that the API defines.",
    source="OpenAI and Mistral API references, finish_reason; dimetron/pi-go#245",
    sends=SUM,
    needs=STREAMING,
)
def finish_reason_is_known(exchange: Exchange) -> Findings:
    seen = [
        (held, choice["finish_reason"])
        for held, _, choice in choices(exchange)
        if choice.get("finish_reason") is not None
    ]
    if not seen:
        raise NotApplicable("the stream held no finish reason")
    for held, reason in seen:
        if not isinstance(reason, str) or reason not in REASONS:
            yield Finding(
                "a finish reason nobody defined",
                ", ".join(sorted(REASONS)),
                shorten(reason),
                place(held.event, held.at),
            )


@fault(
    breaks=finish_reason_is_known,
    also=("schema.event", "reasoning", "streaming.cut-says-length"),
)
def finish_called_eos(reply: Reply) -> Reply:
    """The engine's own word for the end gets through: eos_token."""

    def change(value: Object) -> Json:
        for choice in options(value):
            if choice.get("finish_reason"):
                choice["finish_reason"] = "eos_token"
        return value

    return chunkwise(reply, change)


@check(
    "streaming.finish-is-last",
    "A choice MUST NOT go on after its finish reason.",
    source="OpenAI API reference, chat completion chunk, finish_reason",
    sends=SUM,
    needs=STREAMING,
)
def finish_is_last(exchange: Exchange) -> Findings:
    finished: dict[int, int] = {}
    for held, index, choice in choices(exchange):
        if index in finished and (pieces := says(exchange, choice)):
            yield Finding(
                f"choice {index} goes on after it finished",
                f"nothing after event {finished[index]}",
                f"{pieces[0].kind.value} {shorten(pieces[0].text)!r}",
                place(held.event, held.at),
            )
        if choice.get("finish_reason") and index not in finished:
            finished[index] = held.event
    if not finished:
        raise NotApplicable("the stream held no finish reason")


@fault(breaks=finish_is_last, also=("streaming.usage-comes-once", "usage"))
def finish_too_early(reply: Reply) -> Reply:
    """The finish reason goes out as soon as it is known, ahead of buffered text."""
    spoken = places(reply)
    if len(spoken) < 2:  # noqa: PLR2004  # something must follow
        return reply
    reasons: list[Json] = []

    def take(value: Object) -> Json:
        for choice in options(value):
            if choice.get("finish_reason"):
                reasons.append(choice["finish_reason"])
                choice["finish_reason"] = None
        return value

    rest = chunkwise(reply, take)
    first = chunk(rest.frames[spoken[0]])
    if not reasons:
        return reply
    for choice in options(first):
        choice["finish_reason"] = reasons[0]
    early = Frame(rest.frames[spoken[0]].at, event(encode(first)))
    frames = (*rest.frames[: spoken[0]], early, *rest.frames[spoken[0] + 1 :])
    return rest.with_frames(frames)


@check(
    "streaming.cut-says-length",
    "A stream cut by max_tokens MUST finish with length.",
    source="OpenAI and Mistral API references, finish_reason",
    sends=CUT,
    needs=STREAMING,
)
def cut_says_length(exchange: Exchange) -> Findings:
    choices(exchange)
    if exchange.finish not in CUT_SHORT:
        yield Finding(
            "a reply of three tokens does not say that it was cut",
            "length",
            shorten(exchange.finish or "no finish reason"),
        )


@fault(breaks=cut_says_length, also=("reasoning", "usage"))
def cut_called_stop(reply: Reply) -> Reply:
    """A relay knows one way to end and calls everything stop."""

    def change(value: Object) -> Json:
        for choice in options(value):
            if choice.get("finish_reason") in CUT_SHORT:
                choice["finish_reason"] = "stop"
        return value

    return chunkwise(reply, change)


@check(
    "streaming.usage-comes-once",
    "A stream MUST tell its usage once, where its dialect puts it.",
    source="OpenAI API reference, stream_options.include_usage; Mistral API reference",
    sends=SUM,
    needs=STREAMING | {Capability.STREAM_USAGE},
)
def usage_comes_once(exchange: Exchange) -> Findings:
    last, value = objects(exchange)[-1]
    if len(exchange.usages) != 1:
        yield Finding(
            "usage does not come once",
            "one usage object",
            f"{len(exchange.usages)}, in the events "
            f"{[held.event for held, _ in exchange.usages]}",
        )
        return
    held = exchange.usages[0][0]
    if held.event != last.event:
        yield Finding(
            "usage is not in the last chunk",
            f"usage in event {last.event}",
            f"usage in event {held.event}",
            place(held.event, held.at),
        )
        return
    if exchange.profile.dialect.stream_usage is StreamUsage.EXTRA_CHUNK:
        if value.get("choices") != []:
            yield Finding(
                "the chunk with the usage has choices",
                "choices: []",
                shorten(value.get("choices")),
                place(held.event, held.at),
            )
    elif not any(choice.get("finish_reason") for choice in options(value)):
        yield Finding(
            "usage does not come with the finish reason",
            "both in one chunk",
            "a chunk without finish reason",
            place(held.event, held.at),
        )


@fault(breaks=usage_comes_once, also=("usage",))
def usage_repeated(reply: Reply) -> Reply:
    """The first chunk carries the final usage as well."""
    found = [chunk(frame).get("usage") for frame in reply.frames]
    usage = next((u for u in reversed(found) if isinstance(u, dict)), None)
    done = False

    def change(value: Object) -> Json:
        nonlocal done
        if not done and options(value):
            done = True
            value["usage"] = usage
        return value

    return reply if usage is None else chunkwise(reply, change)


@check(
    "streaming.usage-only-when-asked",
    "A stream MUST NOT carry a usage chunk that nobody asked for.",
    source="OpenAI API reference, stream_options.include_usage",
    sends=NO_USAGE,
    needs=STREAMING | {Capability.STREAM_USAGE},
)
def usage_only_when_asked(exchange: Exchange) -> Findings:
    """A chunk without choices breaks readers of `choices[0]`; they did not ask."""
    if exchange.profile.dialect.stream_usage is StreamUsage.LAST_CHUNK:
        raise NotApplicable("this dialect always sends usage, in the last chunk")
    for held, value in objects(exchange):
        if isinstance(value.get("usage"), dict):
            yield Finding(
                "usage came unasked",
                "no usage without stream_options.include_usage",
                shorten(value["usage"]),
                place(held.event, held.at),
            )


@fault(breaks=usage_only_when_asked)
def usage_unasked(reply: Reply) -> Reply:
    """A gateway counts tokens for its bill and forwards the count to everybody."""
    values = [chunk(frame) for frame in reply.frames if chunk(frame)]
    if not reply.streamed or not values or any(v.get("usage") for v in values):
        return reply
    usage: Json = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    extra: Json = {**values[0], "choices": [], "usage": usage}
    frames = list(reply.frames)
    where = len(frames) - 1 if is_done(frames[-1]) else len(frames)
    frames.insert(where, Frame(frames[-1].at, event(encode(extra))))
    return reply.with_frames(frames)


@check(
    "streaming.ends-with-done",
    "A stream MUST end with exactly one [DONE] event.",
    source="OpenAI API reference, streaming; Mistral API reference, stream",
    sends=SUM,
    needs=STREAMING,
)
def ends_with_done(exchange: Exchange) -> Findings:
    if not exchange.events:
        raise NotApplicable("the stream held no event")
    count = sum(event.data == DONE for event in exchange.events)
    if not count and not exchange.profile.dialect.done:
        raise NotApplicable("this dialect ends its streams without [DONE]")
    if count != 1:
        last = exchange.events[-1]
        yield Finding(
            "the stream does not end with one [DONE]",
            "[DONE] once",
            f"[DONE] {count} times; the last event is {shorten(last.data)}",
            place(len(exchange.events) - 1, last.at),
        )


@fault(breaks=ends_with_done)
def done_missing(reply: Reply) -> Reply:
    """A proxy closes the connection instead of saying goodbye."""
    return reply.with_frames(f for f in reply.frames if not is_done(f))


@fault(breaks=ends_with_done)
def done_twice(reply: Reply) -> Reply:
    """Engine and gateway each say goodbye."""
    done = [frame for frame in reply.frames if is_done(frame)]
    return reply.with_frames((*reply.frames, *done[:1]))


@check(
    "streaming.nothing-after-done",
    "A stream MUST NOT continue after [DONE].",
    source="OpenAI API reference, streaming",
    sends=SUM,
    needs=STREAMING,
)
def nothing_after_done(exchange: Exchange) -> Findings:
    data = [event.data for event in exchange.events]
    if DONE not in data:
        raise NotApplicable("the stream held no [DONE]")
    start = data.index(DONE) + 1
    for number, seen in enumerate(exchange.events[start:], start):
        if seen.data != DONE:
            yield Finding(
                "an event follows [DONE]",
                "nothing",
                shorten(seen.data),
                place(number, seen.at),
            )


@fault(breaks=nothing_after_done)
def chunk_after_done(reply: Reply) -> Reply:
    """The last chunk overtakes nobody: it is flushed when the sentinel is out."""
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
