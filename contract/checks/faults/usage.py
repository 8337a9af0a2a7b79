"""A reply whose usage counts another prompt than the one that was sent."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from contract.model.chat import (
    Json,
    Message,
    Part,
    Probe,
    Text,
)
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting

ROLES = frozenset({"system", "user", "assistant", "tool"})


def misreport_prompt(reply: Reply, misread: Callable[[Probe], Probe]) -> Reply:
    """*reply* as of a provider that understood what *misread* makes of the request."""
    if reply.probe is None or reply.rejection is not None:
        return reply
    read = misread(reply.probe)
    if read == reply.probe:
        return reply
    more = counting.prompt(read) - counting.prompt(reply.probe)

    def changed(usage: dict[str, Json]) -> None:
        for name in ("prompt_tokens", "total_tokens"):
            value = usage.get(name)
            if isinstance(value, int):
                usage[name] = value + more

    return rewrite_usage(reply, changed) if more else reply


def misread_texts(
    change: Callable[[str], str], roles: Collection[str] = ROLES
) -> Callable[[Probe], Probe]:
    """Misreads the texts of messages in *roles* as *change* says."""

    def misread(probe: Probe) -> Probe:
        messages = tuple(
            _changed(message, change) if message.role in roles else message
            for message in probe.messages
        )
        return replace(probe, messages=messages)

    return misread


def _changed(message: Message, change: Callable[[str], str]) -> Message:
    content = message.content
    if content is None:
        return message
    if isinstance(content, str):
        return replace(message, content=change(content))

    def part(one: Part) -> Part:
        return Text(change(one.text)) if isinstance(one, Text) else one

    return replace(message, content=tuple(part(one) for one in content))


def add_tokens(usage: dict[str, Json], name: str, amount: int) -> None:
    """Add to one counter and to the total, so that they still sum up."""
    for counter in (name, "total_tokens"):
        value = usage.get(counter)
        if isinstance(value, int):
            usage[counter] = value + amount


def details(usage: dict[str, Json], name: str) -> dict[str, Json]:
    """An object inside the usage; empty where there is none."""
    found = usage.get(name)
    return found if isinstance(found, dict) else {}
