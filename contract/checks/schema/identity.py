"""Uniqueness checks of the ids in response bodies and headers."""

from __future__ import annotations

from collections.abc import Iterable

from contract.checks.schema.bodies import body_of_kind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import LIST_MODELS, SUM, SUM_WHOLE, UTF8_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply

# Headers that may carry the correlation id; one of them is enough.
CORRELATION = ("mistral-correlation-id", "x-request-id", "x-correlation-id")


@check(
    "schema.ids-are-unique",
    "Two responses MUST NOT have the same id.",
    source="OpenAI API reference, chat completion object, id",
    sends=(SUM_WHOLE, UTF8_WHOLE),
    every=Scope.ANSWERS,
    across=True,
)
def ids_are_unique(*exchanges: Exchange) -> Findings:
    owners: dict[str, str] = {}
    for exchange in exchanges:
        body = exchange.folded[0].json if exchange.folded else None
        own = body.get("id") if isinstance(body, dict) else None
        if not isinstance(own, str) or not own:
            continue
        name = exchange.probe.name
        if own in owners:
            yield Finding(
                "two responses share an id",
                "an id of its own for each",
                f"{shorten(own)}, as for {owners[own]}",
                f"request {name}",
            )
        owners.setdefault(own, name)
    if not owners:
        raise NotApplicable("no response has an id")


@fault(breaks=ids_are_unique, also=("isolation",))
def id_fixed(reply: Reply) -> Reply:
    """A test double in place of the real server returns a hard-coded id."""
    value = body_of_kind(reply, "chat.completion")
    return reply if value is None else reply.with_json({**value, "id": "chatcmpl-123"})


@check(
    "schema.correlation-id",
    "Every response MUST carry its own correlation id.",
    source="Mistral API, mistral-correlation-id; vLLM, --enable-request-id-headers",
    sends=(SUM_WHOLE, SUM, LIST_MODELS),
    needs={Capability.CORRELATION_ID},
    every=Scope.RESPONSES,
    across=True,
)
def correlation_id(*exchanges: Exchange) -> Findings:
    seen: list[str] = []
    for exchange in exchanges:
        found = next(filter(None, map(exchange.header, CORRELATION)), None)
        if found is None:
            yield Finding(
                "the response has no correlation id",
                " or ".join(CORRELATION),
                _joined(name for name, _ in exchange.headers),
                f"request {exchange.probe.name}",
            )
        elif found in seen:
            yield Finding(
                "two responses share a correlation id",
                "a different id",
                shorten(found),
                f"request {exchange.probe.name}",
            )
        else:
            seen.append(found)


def _joined(names: Iterable[str]) -> str:
    return shorten(", ".join(names) or "no headers")


@fault(breaks=correlation_id)
def correlation_lost(reply: Reply) -> Reply:
    """A proxy forwards only the headers on its allowlist."""
    for name in CORRELATION:
        reply = reply.with_header(name, None)
    return reply


@fault(breaks=correlation_id, also=("headers.request-ids-differ",))
def correlation_fixed(reply: Reply) -> Reply:
    """A cache replays the headers of the stored response."""
    for name in {name for name, _ in reply.headers} & set(CORRELATION):
        reply = reply.with_header(name, "01993f0e-0000-7000-8000-000000000000")
    return reply
