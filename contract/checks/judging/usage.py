"""Token counters of a reply and their location."""

from __future__ import annotations

from contract.model.check import (
    NotApplicable,
    event_location,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability

COUNTERS = ("prompt_tokens", "completion_tokens", "total_tokens")


EXACT = frozenset({Capability.EXACT_TOKENS})


BOTH = frozenset({Capability.STREAMING, Capability.STREAM_USAGE})


def counted(exchange: Exchange, name: str) -> int:
    """A counter that the judgement rests on; without it there is nothing to judge."""
    found = exchange.count(name)
    if found is None:
        raise NotApplicable(f"the reply has no whole number as {name}")
    return found


def usage_location(exchange: Exchange) -> str:
    """Where the usage stands, as a finding prints it."""
    if not exchange.streamed:
        return "/usage"
    if not exchange.usages:
        return "the whole stream"
    chunk, _ = exchange.usages[-1]
    return f"{event_location(chunk.event, chunk.at)}, /usage"
