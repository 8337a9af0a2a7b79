"""Response ids, and the request that a reply answers."""

from __future__ import annotations

from collections.abc import Iterable

from contract.model.check import NotApplicable
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.reply import Reply


def text_of(probe: Probe) -> str:
    """Return the text of the user messages of a probe; empty without any."""
    return "".join(m.text for m in probe.messages if m.role == "user")


def to_one_of(reply: Reply, probes: Iterable[Probe]) -> bool:
    """Whether *reply* answers one of *probes*, compared by user text."""
    text = text_of(reply.probe) if reply.probe is not None else ""
    return bool(text) and any(text == text_of(probe) for probe in probes)


def ids(exchange: Exchange) -> tuple[str, ...]:
    """Return the distinct ids in a response, in order; more than one is an error."""
    bodies = (
        [chunk.json for chunk in exchange.chunks]
        if exchange.streamed
        else [exchange.json]
    )
    found = [body.get("id") for body in bodies if isinstance(body, dict)]
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str)))


def first_id(exchange: Exchange) -> str:
    """Return the first id of a response; raise `NotApplicable` without one."""
    found = ids(exchange)
    if not found:
        raise NotApplicable(f"the response to {exchange.probe.name} has no id")
    return found[0]
