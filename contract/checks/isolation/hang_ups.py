"""Disconnect check: abandoned streams do not affect the next request."""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.isolation.load import BEFORE, LEFT_BY_MANY, NEXT
from contract.checks.isolation.reply_identity import to_one_of
from contract.model.chat import Json, Options
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import End, Exchange
from contract.model.probe import Probe, repeat
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import JSON_TYPE, Reply

# More requests than a small server has slots; each disconnects at the first byte.
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


def _next_is_answered(_load: Exchange, *exchanges: Exchange) -> Findings:
    yield from survives_hang_ups.judge(*exchanges)


@check(
    "isolation.survives-hang-ups",
    "A request MUST be answered after other clients disconnected mid-stream.",
    source="RFC 9110 §3.3: each request is understood in isolation",
    sends=(*ABANDONED, AFTER),
    needs={Capability.STREAMING},
    expects=frozenset(
        {
            HTTPStatus.OK,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            HTTPStatus.BAD_GATEWAY,
            HTTPStatus.SERVICE_UNAVAILABLE,
            HTTPStatus.GATEWAY_TIMEOUT,
        }
    ),
    broken=True,
    combined=Combined(
        # In the order in which `isolation.hang-ups-free-the-server` sends them.
        sends=(BEFORE, *LEFT_BY_MANY, NEXT),
        judge=_next_is_answered,
        needs=frozenset({Capability.LOAD}),
    ),
)
def survives_hang_ups(*exchanges: Exchange) -> Findings:
    """The last request is sent after the others are gone, so no slot should be busy."""
    *abandoned, after = exchanges
    if not any(exchange.end is End.LEFT for exchange in abandoned):
        raise NotApplicable("every answer ended before the client could disconnect")
    complete = after.end.whole and after.finishes
    if after.status != HTTPStatus.OK or not complete:
        yield Finding(
            "the request after the disconnects was not answered",
            expected="status 200 and a complete answer",
            actual=f"status {after.status}, {after.note or shorten(after.text)}",
            at=after.probe.name,
        )


@fault(breaks=survives_hang_ups, also=("rejections.disturb-nobody",))
def slots_never_freed(reply: Reply) -> Reply:
    """The slot of a disconnected client stays occupied until the server restarts."""
    if not to_one_of(reply, (AFTER, NEXT)):
        return reply
    status = HTTPStatus.SERVICE_UNAVAILABLE
    error: Json = {"code": status, "message": "no slot", "type": "unavailable"}
    return reply.with_status(status).with_header(*JSON_TYPE).with_json({"error": error})
