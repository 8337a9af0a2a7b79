"""Checks of the rhythm of streams: text arrives as it is generated, without stalls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contract.checks.combined.requests import (
    BRIEF,
    FORMAT_STREAM,
    IMAGE_STREAM,
    PLAIN_STREAM,
    TOOLS_STREAM,
)
from contract.checks.faults.chunks import text_frames
from contract.checks.judging.rhythm import (
    PART_SHOWN,
    SHORTEST_JUDGED_SECONDS,
    seconds,
    spread_of,
    stalls,
)
from contract.checks.sources import OPENAI_STREAM
from contract.model.chat import PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe, repeat
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply

STREAMING = frozenset({Capability.STREAMING})
SAMPLES = 3
THOUGHT = frozenset({PieceKind.REASONING})
NOISES = 3  # times the range of equal requests that a difference has to exceed
LATER = 0.5  # seconds by which the text of a stream may follow a whole reply
STREAMS = repeat(PLAIN_STREAM, SAMPLES)
WHOLES = repeat(replace(BRIEF, name="rhythm-whole", stream=False), SAMPLES)
FIRST_TOKENS = repeat(
    replace(
        BRIEF,
        name="rhythm-one-token",
        stream=False,
        options=replace(BRIEF.options, max_tokens=1),
    ),
    SAMPLES,
)


def in_turn(*groups: tuple[Probe, ...]) -> tuple[Probe, ...]:
    """Return the probes of all groups, one of each group at a time."""
    return tuple(probe for turn in zip(*groups, strict=True) for probe in turn)


def _elapsed(exchanges: Iterable[Exchange]) -> tuple[float, ...]:
    return tuple(exchange.elapsed for exchange in exchanges)


def _length(exchanges: Iterable[Exchange]) -> tuple[int, int]:
    """Return the least and the largest number of characters of a reply's text."""
    lengths = [sum(len(p.text) for p in one.pieces) for one in exchanges]
    return min(lengths), max(lengths)


@check(
    "streaming.arrives-incrementally",
    "A stream MUST deliver text as it is generated, not all at once at the end.",
    source=f"{OPENAI_STREAM}; langchain-ai/langchainjs#9794",
    sends=in_turn(FIRST_TOKENS, WHOLES, STREAMS),
    needs=STREAMING,
    alone=True,
    # Further samples distinguish a stream that is held back from one that waited once.
    combined=Combined(sends=(FIRST_TOKENS[0], WHOLES[0], STREAMS[0]), samples=True),
)
def arrives_incrementally(*exchanges: Exchange) -> Findings:
    """
    The server's own replies tell how long it generates, so no budget is needed.

    A whole reply takes as long as its first token and the generation of the others. A
    stream that is held back has its first text when a whole reply ends, or its thought
    does, and its text within a part of the generation. The slowest first token and the
    fastest whole reply are compared, so that a request that waited in a queue is no
    finding.
    """
    firsts, wholes, streams = (exchanges[n::3] for n in range(3))
    if not all(one.streamed and one.timing.marks for one in streams):
        raise NotApplicable("a reply is not an event stream with text")
    first_token = max(_elapsed(firsts))
    generation = min(_elapsed(wholes)) - first_token
    starts = [one.timing.ttft or 0.0 for one in streams]
    earliest, latest_whole = min(starts), max(_elapsed(wholes))
    # On a busy server replies wait, so what differs among equals shows nothing.
    noise = max(latest_whole - min(_elapsed(wholes)), max(starts) - earliest)
    if earliest > max(latest_whole, first_token) + max(LATER, NOISES * noise):
        yield Finding(
            "the first text of each stream came later than a whole reply",
            expected=f"text before {seconds(latest_whole)}, when a whole reply ended",
            actual=f"no text before {seconds(earliest)}",
            at=streams[0].probe.name,
        )
        return
    if generation < SHORTEST_JUDGED_SECONDS:
        raise NotApplicable(
            f"the generation took {seconds(max(generation, 0.0))}; too short to judge"
        )
    shortest, longest = _length(streams)[0], _length(wholes)[1]
    if 2 * shortest < longest or any(_is_hidden(one) for one in streams):
        raise NotApplicable("the streams show too little text to judge")
    spread = max(map(spread_of, streams))
    if spread < generation / 2 and earliest > first_token + generation / 2:
        texts = max(len(one.timing.marks) for one in streams)
        part = "text" if spread < PART_SHOWN * generation else "first half of the text"
        yield Finding(
            f"the {part} of each stream was held back and arrived all at once",
            expected=f"text spread over about {seconds(generation)}, as a whole reply "
            "takes after its first token",
            actual=f"{texts} events with text within {seconds(spread)}, after "
            f"{seconds(earliest)} without any",
            at=streams[0].probe.name,
        )


def _is_hidden(exchange: Exchange) -> bool:
    """Whether most generated tokens are not shown: less than a character for each."""
    tokens = exchange.count("completion_tokens") or 0
    return sum(len(piece.text) for piece in exchange.pieces) < tokens


def _end(reply: Reply) -> float:
    """Return when a stream that is held back is released."""
    return max(reply.frames[-1].at, 2 * SHORTEST_JUDGED_SECONDS)


ALSO = ("latency", "headers.compression-does-not-buffer")


@fault(breaks=arrives_incrementally, also=ALSO)
def held_back(reply: Reply) -> Reply:
    """A buffering proxy forwards nothing before the response is complete."""
    if not reply.streamed or not reply.frames:
        return reply
    return reply.with_frames((Frame(_end(reply), reply.body),))


@fault(breaks=arrives_incrementally, also=ALSO)
def released_event_by_event(reply: Reply) -> Reply:
    """A gateway generates the whole reply and then replays it as a stream."""
    if not reply.streamed or not reply.frames:
        return reply
    start = _end(reply)
    return reply.with_frames(
        Frame(start + 0.0003 * number, frame.data)
        for number, frame in enumerate(reply.frames)
    )


@fault(breaks=arrives_incrementally, also=ALSO)
def moderated_before_the_first_text(reply: Reply) -> Reply:
    """A filter holds each stream for seconds that a whole reply does not need."""
    texts = text_frames(reply)
    if not texts:
        return reply
    return reply.with_frames(
        Frame(frame.at + 3.0 * (number >= texts[0]), frame.data)
        for number, frame in enumerate(reply.frames)
    )


@fault(
    breaks=arrives_incrementally, also=ALSO, where=lambda dialect: not dialect.tagged
)
def thought_held_back(reply: Reply) -> Reply:
    """A gateway forwards the reasoning when it is complete, and then the answer."""
    if not reply.streamed or not reply.frames:
        return reply
    thought = text_frames(reply, THOUGHT)
    if not thought:
        return reply
    last = reply.frames[thought[-1]].at
    return reply.with_frames(
        Frame(max(frame.at, last), frame.data) for frame in reply.frames
    )


@check(
    "streaming.does-not-stall",
    "A stream SHOULD NOT pause for seconds in its middle.",
    source="house rule; https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html",
    sends=STREAMS,
    needs=STREAMING,
    alone=True,
    # As many streams, of which other checks judge the rhythm as well.
    combined=Combined(
        sends=(PLAIN_STREAM, TOOLS_STREAM, IMAGE_STREAM, FORMAT_STREAM),
        needs=frozenset({Capability.TOOLS, Capability.VISION, Capability.JSON_SCHEMA}),
    ),
)
def does_not_stall(*exchanges: Exchange) -> Findings:
    """A few streams, one at a time; `latency.no-stall` takes more samples."""
    if not any(exchange.timing.icl for exchange in exchanges):
        raise NotApplicable("no stream has two events with text")
    for exchange in exchanges:
        yield from stalls(
            exchange, f"{exchange.probe.name} {exchange.probe.sample + 1}"
        )


@fault(breaks=does_not_stall, also=("latency",))
def stalls_in_the_middle(reply: Reply) -> Reply:
    """A request is preempted for seconds in the middle of its stream."""
    texts = text_frames(reply)
    if len(texts) < 4:  # noqa: PLR2004  # a pause needs text before and after it
        return reply
    middle = texts[len(texts) // 2]
    return reply.with_frames(
        Frame(frame.at + 6.0 * (number >= middle), frame.data)
        for number, frame in enumerate(reply.frames)
    )
