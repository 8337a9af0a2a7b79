"""What a gateway made the server behind it do: chats and tokens, by its counters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from contract.client.session import (
    CanaryUnavailable,
    NotAnswering,
    NotRecorded,
    RequestLimitReached,
    Session,
    TimeIsUp,
)
from contract.model.aspect import Aspect
from contract.model.chat import CHAT
from contract.model.probe import Probe
from contract.model.response_kind import ResponseKind, kind_of
from contract.run.altered import Alteration, Verdict
from contract.tokens.padding import CannotPad

# A request in flight may be counted late: fewer further ones show nothing.
REPEATED = 1.1
FEWEST_REPEATS = 3
# Equal requests that are sent to both to compare what they cost the server behind.
RECOUNTED = 8
UNSENT = (
    CanaryUnavailable,
    CannotPad,
    NotAnswering,
    NotRecorded,
    RequestLimitReached,
    TimeIsUp,
)
# Counters of a server, the most telling first: what they count, the name, and a label
# that a sample must have.
CHATS = "chat requests"
COUNTERS = (
    (CHATS, "http_requests_total", 'handler="/v1/chat/completions"'),
    ("generated tokens", "vllm:generation_tokens_total", ""),
    ("generated tokens", "llamacpp:tokens_predicted_total", ""),
    ("generated tokens", "sglang:generation_tokens_total", ""),
)
_SAMPLE = re.compile(
    r"^([\w:]+)(\{[^\n]*\})? (\d+(?:\.\d+)?(?:e[+-]?\d+)?)$", re.MULTILINE
)
# What is said where repetitions cannot be counted.
NO_COUNTERS = (
    "The server behind has no counters at /metrics, so it is not known whether the "
    "gateway repeats requests."
)
NOT_ANSWERED_AGAIN = (
    "No request that both answered was answered again, so it is not known whether the "
    "gateway repeats requests."
)
ASKED_BY_OTHERS = (
    "Others asked the server behind meanwhile, so it is not known whether the gateway "
    "repeats requests."
)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one of the two was sent, and what it cost the server behind."""

    # Chat requests that were sent, repetitions included.
    sent: int = 0
    # How far each counter of the server behind rose meanwhile.
    rises: Mapping[str, float] = field(default_factory=dict)


def chats_of(session: Session) -> int:
    """Return the number of chat requests that *session* has sent, with repetitions."""
    return sum(
        1 + exchange.repeats
        for exchange in session.exchanges()
        if exchange.probe.path == CHAT
    )


def rises(
    before: Mapping[str, tuple[str, float]], after: Mapping[str, tuple[str, float]]
) -> dict[str, float]:
    """Return how far each counter rose; one that is new rose from nothing."""
    return {
        name: value - before.get(name, ("", 0.0))[1]
        for name, (_, value) in after.items()
    }


def read_counters(session: Session) -> dict[str, tuple[str, float]]:
    """
    Return the counters of the server of *session* by name, as (what, number).

    Empty if the server has none. The request is sent anew each time.
    """
    number = sum(probe.path == "/metrics" for probe in _asked(session))
    probe = Probe(name="counters", method="GET", path="/metrics", sample=number)
    try:
        exchange = session.send(probe)
    except UNSENT:
        return {}
    totals: dict[str, float] = {}
    for name, labels, value in _SAMPLE.findall(exchange.text):
        for _, counter, label in COUNTERS:
            if name == counter and label in labels:
                totals[name] = totals.get(name, 0.0) + float(value)
    whats = {name: what for what, name, _ in COUNTERS}
    return {name: (whats[name], value) for name, value in totals.items()}


def _asked(session: Session) -> Iterator[Probe]:
    return (exchange.probe for exchange in session.exchanges())


def repeated(
    through: Spent,
    alone: Spent,
    probes: Sequence[Probe],
    gateway: Session,
    backend: Session,
) -> tuple[list[Alteration], str]:
    """
    Return the alteration that the gateway asked more often, if it did, and a note.

    Both are asked what their profiles offer, so that the two runs are of different
    requests and their costs are not compared. Chat requests are compared with those
    that the gateway was sent; tokens are those of *probes*, at most `RECOUNTED`
    requests that are sent to both once more.
    """
    for what, name, _ in COUNTERS:
        if name not in through.rises or not alone.rises.get(name):
            continue
        if what == CHATS:
            if _exceeds(alone.rises[name], alone.sent):
                return [], ASKED_BY_OTHERS
            was, now = float(through.sent), through.rises[name]
            sides = f"received {now:.0f}", f"was sent {was:.0f}"
        else:
            costs = _costs_of_the_same(name, probes, gateway, backend)
            if costs is None:
                return [], NOT_ANSWERED_AGAIN
            was, now = costs
            sides = f"{was:.0f} for the same requests", f"{now:.0f}"
        if not _exceeds(now, was):
            return [], ""
        alteration = Alteration(
            aspect=Aspect.REPEATS,
            verdict=Verdict.NEVER,
            what=f"{what}, by its counter {name}",
            backend=sides[0],
            gateway=sides[1],
            request="",
            changed=1,
            compared=1,
            where="",
        )
        return [alteration], ""
    return [], NO_COUNTERS


def _exceeds(now: float, was: float) -> bool:
    """Return whether *now* is more than *was* by more than chance."""
    return now > REPEATED * was and now - was >= FEWEST_REPEATS


def _costs_of_the_same(
    name: str, probes: Sequence[Probe], gateway: Session, backend: Session
) -> tuple[float, float] | None:
    """
    Return how far the counter *name* rises for the same requests to either of the two.

    The *probes* are sent to the server behind, to the gateway, and to the server behind
    again, whose larger number counts. None if there are none, or if one is not
    answered.
    """
    costs = []
    for turn, session in enumerate((backend, gateway, backend)):
        before = read_counters(backend)
        for probe in probes:
            sent = replace(probe, sample=probe.sample + turn * RECOUNTED)
            try:
                reply = session.send(sent)
            except UNSENT:
                return None
            if kind_of(reply) != ResponseKind.ANSWERED:
                return None
        costs.append(rises(before, read_counters(backend)).get(name, 0.0))
    return (max(costs[0], costs[2]), costs[1]) if min(costs) > 0 else None
