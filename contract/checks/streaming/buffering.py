"""Checks that no feature of a request makes its stream arrive all at once."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.requests import (
    FORMAT_STREAM,
    IMAGE_STREAM,
    PLAIN_STREAM,
    TOOLS_STREAM,
)
from contract.checks.judging.answered import ANSWERED_OR_REJECTED
from contract.checks.judging.rejection import is_reply_to
from contract.checks.judging.rhythm import (
    PART_SHOWN,
    SHORTEST_JUDGED_SECONDS,
    seconds,
    spread_of,
)
from contract.checks.sources import OPENAI_STREAM
from contract.checks.streaming.rhythm import STREAMING, in_turn
from contract.model.chat import PieceKind
from contract.model.check import (
    Check,
    Combined,
    Fault,
    Finding,
    Findings,
    NotApplicable,
    check,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe, repeat
from contract.model.profile import Capability
from contract.model.reply import Frame, Reply

SAMPLES = 2


# By feature: the number of its first plain sample.
_FIRST = {"tools": 10, "images": 20, "formats": 30}


def _length(stream: Exchange) -> int:
    """Return the number of characters of reasoning and answer."""
    return sum(len(p.text) for p in stream.pieces if p.kind is not PieceKind.TOOL)


def _pace(streams: tuple[Exchange, ...]) -> float:
    """Return the seconds that the fastest of *streams* takes for a character."""
    if not all(len(one.timing.marks) > 1 for one in streams):
        raise NotApplicable("a plain stream has no two events with text")
    return min(spread_of(one) / max(_length(one), 1) for one in streams)


def _is_held_back(stream: Exchange, expected: float) -> bool:
    first = stream.timing.ttft or 0.0
    return spread_of(stream) < PART_SHOWN * expected and first > expected / 2


def features_are_not_buffered(
    feature: str, words: str, probe: Probe, needs: Capability
) -> Check:
    """
    Return the check `streaming.FEATURE-are-not-buffered`, which sends *probe* twice.

    *words* are those for such a request in the requirement, *needs* what it needs.
    """
    featured = repeat(probe, SAMPLES)
    # Sent in turn, so that a server whose load changes is the same for both; so they
    # are samples of their own, not those that another check has sent.
    beside = tuple(
        replace(PLAIN_STREAM, name=f"rhythm-beside-{feature}", sample=number)
        for number in range(_FIRST[feature], _FIRST[feature] + SAMPLES)
    )

    def judge(*exchanges: Exchange) -> Findings:
        plain, streams = exchanges[::2], exchanges[1::2]
        if not all(one.streamed for one in exchanges):
            raise NotApplicable("a reply is not an event stream")
        pace = _pace(plain)
        expected = [pace * _length(one) for one in streams]
        if min(expected) < SHORTEST_JUDGED_SECONDS:
            raise NotApplicable(
                f"the text would take {seconds(min(expected))}, too short to judge"
            )
        if all(map(_is_held_back, streams, expected)):
            shown = max(map(spread_of, streams))
            yield Finding(
                f"the text of each stream {words} was held back and arrived all at "
                "once",
                expected=f"text spread over about {seconds(min(expected))}, at the "
                "pace of other streams",
                actual=f"{max(len(one.timing.marks) for one in streams)} events with "
                f"text within {seconds(shown)}, after "
                f"{seconds(min(one.timing.ttft or 0.0 for one in streams))} without "
                "any",
                at=probe.name,
            )

    judge.__name__ = judge.__qualname__ = f"{feature}_are_not_buffered"
    return check(
        f"streaming.{feature}-are-not-buffered",
        f"A stream {words} MUST deliver text as it is generated.",
        source=f"{OPENAI_STREAM}; ollama/ollama#9092",
        sends=in_turn(beside, featured),
        needs=STREAMING | {needs},
        expects=ANSWERED_OR_REJECTED,
        alone=True,
        combined=Combined(sends=(PLAIN_STREAM, featured[0]), samples=True),
    )(judge)


def buffers(broken: Check, description: str) -> Fault:
    """Return the fault that holds back the streams with the feature of *broken*."""
    featured = set(broken.sends[1::2])

    def apply(reply: Reply) -> Reply:
        met = any(is_reply_to(reply, probe) for probe in featured)
        if not met or not reply.streamed:
            return reply
        last = reply.frames[-1].at if reply.frames else 0.0
        return reply.with_frames(
            Frame(max(last, 2 * SHORTEST_JUDGED_SECONDS), frame.data)
            for frame in reply.frames
        )

    name = f"buffers-{broken.id.partition('.')[2].partition('-')[0]}"
    return Fault(id=name, breaks=broken, apply=apply, description=description)


tools_are_not_buffered = features_are_not_buffered(
    "tools", "with tools", TOOLS_STREAM, Capability.TOOLS
)
tools_buffered = buffers(
    tools_are_not_buffered, "The whole reply is parsed for calls before it is streamed."
)

images_are_not_buffered = features_are_not_buffered(
    "images", "with an image", IMAGE_STREAM, Capability.VISION
)
images_buffered = buffers(
    images_are_not_buffered, "A gateway forwards requests with images without a stream."
)

formats_are_not_buffered = features_are_not_buffered(
    "formats", "with a response_format", FORMAT_STREAM, Capability.JSON_SCHEMA
)
formats_buffered = buffers(
    formats_are_not_buffered,
    "The document is validated as a whole before it is streamed.",
)
