"""Token counters of a reply and their location."""

from __future__ import annotations

from contract.model.check import NotApplicable, event_location
from contract.model.exchange import Exchange
from contract.model.profile import Capability

COUNTERS = ("prompt_tokens", "completion_tokens", "total_tokens")

# Capabilities that a check of exact counts, or of usage in a stream, needs.
EXACT_TOKENS = frozenset({Capability.EXACT_TOKENS})
STREAMED_USAGE = frozenset({Capability.STREAMING, Capability.STREAM_USAGE})


def require_counter(exchange: Exchange, name: str) -> int:
    """Return the counter *name*; raises `NotApplicable` if it is not an integer."""
    found = exchange.count(name)
    if found is None:
        raise NotApplicable(f"the reply has no integer {name}")
    return found


def usage_location(exchange: Exchange) -> str:
    """Return where the usage is in a reply, as a finding prints it."""
    if not exchange.streamed:
        return "/usage"
    if not exchange.usages:
        return "the whole stream"
    chunk, _ = exchange.usages[-1]
    return f"{event_location(chunk.event, chunk.at)}, /usage"
