"""Check of the creation time of answers."""

from __future__ import annotations

from contract.checks.sources import OPENAI_CHAT_OBJECT
from contract.model.chat import Json
from contract.model.check import Finding, Findings, NotApplicable, Scope, check, fault
from contract.model.exchange import Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.portable.assembly import clock_of
from contract.portable.requirement import decided
from contract.portable.schemas import has

DAY = 86_400  # seconds by which the clocks of client and server may differ


def _sent_at(exchange: Exchange) -> float:
    """
    Return when the request was sent, in seconds since the epoch.

    It is the Date of the response if the client did not note the time. Raises
    `NotApplicable` if there is neither.
    """
    sent = clock_of(exchange)
    if sent is None:
        raise NotApplicable("the time of the request is not known")
    return sent


def _created(exchange: Exchange) -> Json:
    """Return the `created` of a body or of the first chunk; None if it has none."""
    body = exchange.folded[0].json if exchange.folded else None
    return body.get("created") if isinstance(body, dict) else None


@check(
    "schema.created-is-now",
    "The created time of an answer MUST be the current time in seconds.",
    source=f"{OPENAI_CHAT_OBJECT}, created: Unix timestamp in seconds",
    sends=(SUM_WHOLE, SUM),
    needs={Capability.STREAMING},
    every=Scope.ANSWERS,
)
@decided(
    has(created=has(ahead={"type": "number", "minimum": -DAY, "maximum": DAY})),
    when=has(created=has(ahead={"type": "number"})),
)
def created_is_now(exchange: Exchange) -> Findings:
    """Clients sort conversations by it; a day of difference between clocks passes."""
    created, sent = _created(exchange), _sent_at(exchange)
    if not isinstance(created, int) or isinstance(created, bool):
        raise NotApplicable("the answer has no created time that is an integer")
    if abs(created - sent) <= DAY:
        return
    if abs(created / 1_000 - sent) <= DAY:
        actual = f"{created}, which is milliseconds"
    else:
        actual = f"{created}"
    yield Finding(
        "created is not the current time",
        expected=f"about {sent:.0f}, in seconds since 1970",
        actual=actual,
        at="/created",
    )


def _with_created(reply: Reply, times: int) -> Reply:
    """Return *reply* with each created time multiplied by *times*."""

    def change(value: Json) -> Json:
        if isinstance(value, dict) and "choices" in value:
            created = value.get("created")
            if isinstance(created, int):
                value["created"] = created * times
        return value

    return reply.change(change)


@fault(breaks=created_is_now)
def created_in_milliseconds(reply: Reply) -> Reply:
    """A gateway in JavaScript writes Date.now(), which is in milliseconds."""
    return _with_created(reply, 1_000)


@fault(breaks=created_is_now)
def created_zero(reply: Reply) -> Reply:
    """A gateway fills in 0 where the server behind it sends no time."""
    return _with_created(reply, 0)
