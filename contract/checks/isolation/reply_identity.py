"""What the judges and faults of isolation share: ids, and whom a reply answers."""

from __future__ import annotations

from collections.abc import Iterable

from contract.model.chat import Probe
from contract.model.check import NotApplicable
from contract.model.exchange import Exchange
from contract.model.reply import Reply


def text_of(probe: Probe) -> str:
    """What the user of a probe says; empty when nobody does."""
    return "".join(m.text for m in probe.messages if m.role == "user")


def to_one_of(reply: Reply, probes: Iterable[Probe]) -> bool:
    """Whether *reply* answers one of *probes*, by what the user says."""
    asked = text_of(reply.probe) if reply.probe is not None else ""
    return bool(asked) and any(asked == text_of(probe) for probe in probes)


def ids(exchange: Exchange) -> tuple[str, ...]:
    """The ids that a response gives itself, in order and each once; one is right."""
    bodies = (
        [chunk.json for chunk in exchange.chunks]
        if exchange.streamed
        else [exchange.json]
    )
    told = [body.get("id") for body in bodies if isinstance(body, dict)]
    return tuple(dict.fromkeys(one for one in told if isinstance(one, str)))


def first_id(exchange: Exchange) -> str:
    """The id of a response; without one there is nothing to compare."""
    found = ids(exchange)
    if not found:
        raise NotApplicable(f"the response to {exchange.probe.name} has no id")
    return found[0]
