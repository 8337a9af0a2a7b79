"""Response id checks: ids are unique, and a stream keeps one id."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import combinations

from contract.checks.combined.requests import GREEDY_TWICE
from contract.checks.isolation.cross_talk import (
    MARKED_AT_ONCE,
    MARKED_PROMPTS,
    MARKED_STREAMS,
)
from contract.checks.isolation.reply_identity import first_id, ids, to_one_of
from contract.checks.sources import OPENAI_ID
from contract.model.chat import Json, Options
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    check,
    event_location,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe, repeat
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply

TWICE = repeat(
    Probe(
        name="asked-twice",
        messages=(user("Name two lakes."),),
        options=Options(max_tokens=4, temperature=0.0, seed=7),
    ),
    2,
)
_STREAM = Probe(
    name="stream",
    options=Options(max_tokens=24, temperature=0.0, seed=7),
    stream=True,
)
STREAMS = tuple(
    replace(_STREAM, name=f"stream-{name}", messages=(user(f"Describe {thing}."),))
    for name, thing in (("a", "a river"), ("b", "a lake"), ("c", "the sea"))
)


@check(
    "isolation.ids-differ",
    "Responses to concurrent requests MUST NOT share an id.",
    source=OPENAI_ID,
    sends=MARKED_PROMPTS,
    needs={Capability.STREAMING},
    combined=Combined(sends=MARKED_AT_ONCE),
)
def ids_differ(*exchanges: Exchange) -> Findings:
    for one, other in combinations(exchanges, 2):
        if first_id(one) == first_id(other):
            yield Finding(
                "two responses share an id",
                expected="a different id for each response",
                actual=shorten(first_id(one)),
                at=f"{one.probe.name} and {other.probe.name}",
            )


def _with_id(reply: Reply, id: str) -> Reply:
    """Return *reply* with *id* as the id of its body or of every chunk."""

    def change(value: Json) -> Json:
        if isinstance(value, dict) and "choices" in value and "id" in value:
            value["id"] = id
        return value

    return reply.change(change)


@fault(breaks=ids_differ, also=("schema.ids-are-unique", "isolation"))
def id_of_the_process(reply: Reply) -> Reply:
    """Each worker has a fixed id and uses it for every response."""
    return _with_id(reply, "chatcmpl-worker-1")


@check(
    "isolation.repeats-have-own-ids",
    "The same request sent twice MUST get two responses, each with its own id.",
    source=OPENAI_ID,
    sends=TWICE,
    combined=Combined(sends=GREEDY_TWICE),
)
def repeats_have_own_ids(one: Exchange, other: Exchange) -> Findings:
    if first_id(one) == first_id(other):
        yield Finding(
            "a repeated request got the response of the first one",
            expected="a different id",
            actual=shorten(first_id(one)),
            at="/id",
        )


@fault(breaks=repeats_have_own_ids)
def response_from_a_cache(reply: Reply) -> Reply:
    """A gateway caches responses by request and replays them, including their id."""
    if not to_one_of(reply, (*TWICE, *GREEDY_TWICE)):
        return reply
    digest = hashlib.sha256(reply.request.body).hexdigest()
    return _with_id(reply, f"chatcmpl-{digest[:16]}")


@check(
    "isolation.streams-are-apart",
    "A stream MUST NOT contain a chunk of another stream.",
    source=f"{OPENAI_ID}: each chunk has the same id",
    sends=STREAMS,
    needs={Capability.STREAMING},
    combined=Combined(sends=MARKED_STREAMS),
)
def streams_are_apart(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        own = first_id(exchange)
        for foreign in ids(exchange)[1:]:
            chunk = next(
                chunk
                for chunk in exchange.chunks
                if isinstance(chunk.json, dict) and chunk.json.get("id") == foreign
            )
            owner = next(
                (x.probe.name for x in exchanges if first_id(x) == foreign),
                "no known request",
            )
            yield Finding(
                "the stream contains a chunk of another response",
                expected=f"only chunks with the id {shorten(own)}",
                actual=f"a chunk with the id {shorten(foreign)} of {owner}",
                at=f"{exchange.probe.name}, {event_location(chunk.event, chunk.at)}",
            )


@fault(breaks=streams_are_apart)
def streams_share_a_queue(reply: Reply) -> Reply:
    """Two streams share a queue, and a chunk is delivered to the wrong client."""
    if not reply.streamed or not to_one_of(reply, (*STREAMS, *MARKED_STREAMS)):
        return reply
    middle = len(reply.frames) // 2
    part = reply.with_frames(reply.frames[middle : middle + 1])
    misdelivered = _with_id(part, "chatcmpl-of-another")
    frames = (*reply.frames[:middle], *misdelivered.frames, *reply.frames[middle + 1 :])
    return reply.with_frames(frames)
