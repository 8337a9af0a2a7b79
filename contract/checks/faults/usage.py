"""Changes to the usage of a reply, for prompts that are misread or miscounted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from contract.model.chat import Json, Message, Part, Text
from contract.model.probe import Probe
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting

ROLES = frozenset({"system", "user", "assistant", "tool"})


def misreport_prompt(reply: Reply, misread: Callable[[Probe], Probe]) -> Reply:
    """Return *reply* with the prompt tokens of the request that *misread* returns."""
    if reply.probe is None or reply.rejection is not None:
        return reply
    misread_probe = misread(reply.probe)
    if misread_probe == reply.probe:
        return reply
    more = counting.prompt(misread_probe) - counting.prompt(reply.probe)

    def change(usage: dict[str, Json]) -> None:
        add_tokens(usage, "prompt_tokens", more)

    return rewrite_usage(reply, change) if more else reply


def misread_texts(
    change: Callable[[str], str], roles: Collection[str] = ROLES
) -> Callable[[Probe], Probe]:
    """Return a function that applies *change* to the texts of messages in *roles*."""

    def misread(probe: Probe) -> Probe:
        messages = tuple(
            _with_text(message, change) if message.role in roles else message
            for message in probe.messages
        )
        return replace(probe, messages=messages)

    return misread


def _with_text(message: Message, change: Callable[[str], str]) -> Message:
    content = message.content
    if content is None:
        return message
    if isinstance(content, str):
        return replace(message, content=change(content))

    def part(one: Part) -> Part:
        return Text(change(one.text)) if isinstance(one, Text) else one

    return replace(message, content=tuple(part(one) for one in content))


def add_tokens(usage: dict[str, Json], name: str, amount: int) -> None:
    """Add *amount* to the counter *name* and to the total, so that the sum holds."""
    for counter in (name, "total_tokens"):
        value = usage.get(counter)
        if isinstance(value, int):
            usage[counter] = value + amount


def details(usage: dict[str, Json], name: str) -> dict[str, Json]:
    """Return the object *name* inside the usage; empty if there is none."""
    found = usage.get(name)
    return found if isinstance(found, dict) else {}
