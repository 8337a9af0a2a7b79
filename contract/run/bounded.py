"""Runs that are bounded in time: the requests that fit, in the order of their worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from contract.client.session import (
    CanaryUnavailable,
    NotAnswering,
    RequestLimitReached,
    Session,
    TimeIsUp,
)
from contract.model.check import Check
from contract.model.probe import Probe
from contract.run.plan import first_requests, is_ordered
from contract.run.report import NOT_ASKED
from contract.tokens import padding

# The share of the time that judging and reporting take.
JUDGING = 0.06
# Requests of the first round for each that may be in flight; each further round sends
# at most as many as all before, so that the latency is known before most are sent.
_FIRST_ROUND = 2
_STOPPED = (
    CanaryUnavailable,
    NotAnswering,
    RequestLimitReached,
    TimeIsUp,
    padding.CannotPad,
)


def send_within(
    checks: Iterable[Check],
    session: Session,
    deadline: float,
    *,
    is_open: Callable[[Check], bool] = lambda _: False,
) -> None:
    """
    Send the requests of *checks*, in their order, as far as they end by *deadline*.

    A check is asked if the requests that it adds fit at the mean latency so far. When
    nothing fits any more the session is closed for new requests: `send` raises
    `TimeIsUp` for those of the other checks.

    Args:
        checks: Checks that apply, those to ask first first.
        session: Sends the requests.
        deadline: Moment of `time.monotonic` when the last response must have come.
        is_open: Returns whether the combined requests of a check, which were sent,
            settle nothing, so that its own are sent next.
    """
    waiting = [
        _Asked(check, first_requests(check, session.profile, thorough=session.thorough))
        for check in checks
        if check.explores is None
    ]
    session.close_at(deadline, NOT_ASKED)
    sent = 0
    while waiting:
        most = max(_FIRST_ROUND * session.concurrency, sent)
        chosen = _round(waiting, session, deadline - time.monotonic(), most)
        if not chosen:
            break
        waiting = [asked for asked in waiting if asked not in chosen]
        before = session.sent
        _send(chosen, session, deadline)
        if session.sent == before and any(_new(c, session) for c in chosen):
            break  # the server stopped answering, or the allowance is used up
        sent += session.sent - before
        # What may be a finding comes before what was not asked yet.
        waiting[:0] = [
            _Asked(asked.check, asked.check.sends)
            for asked in chosen
            if asked.sends != asked.check.sends and is_open(asked.check)
        ]
    session.close_at(time.monotonic(), NOT_ASKED)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A check, and those of its requests that are sent for it now."""

    check: Check
    sends: tuple[Probe, ...]


def _new(asked: _Asked, session: Session) -> tuple[Probe, ...]:
    """Return the probes of *asked* that were not sent yet, each once."""
    return tuple(p for p in dict.fromkeys(asked.sends) if not session.has(p))


def _round(
    waiting: list[_Asked], session: Session, left: float, most: int
) -> list[_Asked]:
    """Return the next of *waiting* that fit into *left* seconds and *most* requests."""
    latency = session.latency
    chosen: list[_Asked] = []
    planned: set[Probe] = set()
    spent = 0.0
    for asked in waiting:
        new = set(_new(asked, session)) - planned
        share = 1 if is_ordered(asked.check) else session.concurrency
        cost = len(new) * latency / share
        # A request takes as long as it takes, however many others are in flight.
        if new and max(spent + cost, latency) > left:
            continue
        if new and planned and len(planned | new) > most:
            break
        chosen.append(asked)
        planned |= new
        spent += cost
    return chosen


def _send(chosen: list[_Asked], session: Session, deadline: float) -> None:
    """Send the requests of *chosen*: first those that may overlap, then the others."""
    session.prefetch(
        probe
        for asked in chosen
        if not is_ordered(asked.check)
        for probe in _new(asked, session)
    )
    for asked in chosen:
        if not is_ordered(asked.check):
            continue
        new = _new(asked, session)
        if time.monotonic() + len(new) * session.latency > deadline:
            continue
        for probe in new:
            with suppress(*_STOPPED):
                session.send(probe)
