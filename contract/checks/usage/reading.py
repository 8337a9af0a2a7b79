"""What the judges and faults of usage share: counters, and where they stand."""

from __future__ import annotations

from contract.chat import Json
from contract.checks.base import NotApplicable, place
from contract.exchange import Exchange
from contract.profile import Capability

OPENAI_USAGE = "https://platform.openai.com/docs/api-reference/chat/object"
OPENAI_STREAM = "https://platform.openai.com/docs/api-reference/chat/streaming"
MISTRAL_CHAT = "https://docs.mistral.ai/api/endpoint/chat"
MISTRAL_TOKENS = "https://docs.mistral.ai/guides/tokenization"
VLLM_SERVER = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"

COUNTERS = ("prompt_tokens", "completion_tokens", "total_tokens")
EXACT = frozenset({Capability.EXACT_TOKENS})
BOTH = frozenset({Capability.STREAMING, Capability.STREAM_USAGE})


def counted(exchange: Exchange, name: str) -> int:
    """A counter that the judgement rests on; without it there is nothing to judge."""
    found = exchange.count(name)
    if found is None:
        raise NotApplicable(f"the reply has no whole number as {name}")
    return found


def at(exchange: Exchange) -> str:
    """Where the usage stands, as a finding prints it."""
    if not exchange.streamed:
        return "/usage"
    if not exchange.usages:
        return "the whole stream"
    chunk, _ = exchange.usages[-1]
    return f"{place(chunk.event, chunk.at)}, /usage"


def add(usage: dict[str, Json], name: str, amount: int) -> None:
    """Add to one counter and to the total, so that they still sum up."""
    for counter in (name, "total_tokens"):
        value = usage.get(counter)
        if isinstance(value, int):
            usage[counter] = value + amount


def details(usage: dict[str, Json], name: str) -> dict[str, Json]:
    """An object inside the usage; empty where there is none."""
    found = usage.get(name)
    return found if isinstance(found, dict) else {}
