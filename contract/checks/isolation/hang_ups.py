"""Clients that hang up in the middle take nothing with them."""

from __future__ import annotations

from contract.checks.isolation.reply_identity import to_one_of
from contract.model.chat import (
    Json,
    Options,
    Probe,
    repeat,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import (
    End,
    Exchange,
)
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import (
    JSON_TYPE,
    Reply,
)

OK, UNAVAILABLE = 200, 503

# More of them than a small server has slots; each goes away at the first byte.
ABANDONED = repeat(
    Probe(
        name="abandoned",
        messages=(user("Tell a long story about the sea."),),
        options=Options(max_tokens=256, temperature=0.0, seed=7),
        stream=True,
        hang_up_after=1,
    ),
    4,
)
AFTER = Probe(
    name="after-hang-ups",
    messages=(user("Say good morning."),),
    options=Options(max_tokens=4, temperature=0.0, seed=7),
)


@check(
    "isolation.survives-hang-ups",
    "A request MUST be answered after others were given up in the middle.",
    source="RFC 9110 §3.3: each request is understood in isolation",
    sends=(*ABANDONED, AFTER),
    needs={Capability.STREAMING},
    expects=frozenset({OK, 500, 502, UNAVAILABLE, 504}),
    broken=True,
)
def survives_hang_ups(*exchanges: Exchange) -> Findings:
    """The last request is sent when the others are gone, so nothing is in its way."""
    *given_up, after = exchanges
    if not any(exchange.end is End.LEFT for exchange in given_up):
        raise NotApplicable("every answer was over before the client could hang up")
    if after.status != OK or after.end is not End.COMPLETE or not after.finishes:
        yield Finding(
            "the request after the hang-ups was not answered",
            expected="status 200 and a complete answer",
            actual=f"status {after.status}, {after.note or shorten(after.text)}",
            at=after.probe.name,
        )


@fault(breaks=survives_hang_ups)
def slots_never_freed(reply: Reply) -> Reply:
    """A client that goes away keeps its slot until somebody restarts the server."""
    if not to_one_of(reply, (AFTER,)):
        return reply
    told: Json = {"code": UNAVAILABLE, "message": "no slot", "type": "unavailable"}
    return (
        reply.with_status(UNAVAILABLE)
        .with_header(*JSON_TYPE)
        .with_json({"error": told})
    )
