"""Token counters of a reply and their location."""

from __future__ import annotations

from contract.model.check import NotApplicable, event_location
from contract.model.dialect import Dialect, StreamUsage
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.portable.schemas import ANYTHING, Schema, has

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


def require_requested_usage(exchange: Exchange) -> None:
    """Raise `NotApplicable` if a stream carries usage on request and was not asked."""
    if exchange.profile.dialect.stream_usage is not StreamUsage.EXTRA_CHUNK:
        return
    options = exchange.sent.get("stream_options")
    if not isinstance(options, dict) or options.get("include_usage") is not True:
        raise NotApplicable("the request does not ask for usage")


def requested_usage(dialect: Dialect) -> Schema:
    """Return the schema of the replies that `require_requested_usage` accepts."""
    if dialect.stream_usage is not StreamUsage.EXTRA_CHUNK:
        return ANYTHING
    return has(request=has(includesUsage=True))


def usage_location(exchange: Exchange) -> str:
    """Return where the usage is in a reply, as a finding prints it."""
    if not exchange.streamed:
        return "/usage"
    if not exchange.usages:
        return "the whole stream"
    chunk, _ = exchange.usages[-1]
    return f"{event_location(chunk.event, chunk.at)}, /usage"
