"""Runs within a time, on a virtual clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from support.saved_sessions import made_check

from contract.catalog.profiles import builtin
from contract.client.session import NotAnswering, TimeIsUp
from contract.model.check import Check, Combined
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.plugins.discovery import find
from contract.run import bounded
from contract.run.bounded import send_within
from contract.run.plan import first_requests, is_ordered
from contract.run.report import NOT_ASKED
from contract.run.worth import by_worth

CHECKS = tuple(find("checks", Check).values())
ORDER = by_worth(CHECKS, builtin()["vllm-0.32"], concurrency=4)


@dataclass
class Clock:
    now: float = 100.0

    def monotonic(self):
        return self.now


@dataclass
class VirtualSession:
    """What `send_within` uses of a session, where each request takes *latency*."""

    clock: Clock
    profile: Profile = builtin()["vllm-0.32"]
    thorough: bool = False
    latency: float = 1.0
    concurrency: int = 4
    stops_after: int = 10_000
    done: dict = field(default_factory=dict)
    closes: list = field(default_factory=list)

    @property
    def sent(self):
        return len(self.done)

    def has(self, probe):
        return probe in self.done

    def close_at(self, moment, reason):
        self.closes.append((moment, reason))

    def _claim(self, probe):
        if self.clock.now + self.latency > self.closes[-1][0]:
            raise TimeIsUp
        if self.sent >= self.stops_after:
            raise NotAnswering
        self.done[probe] = None

    def send(self, probe):
        self._claim(probe)
        self.clock.now += self.latency

    def prefetch(self, probes):
        waiting = list(dict.fromkeys(probes))
        while waiting:
            wave, waiting = waiting[: self.concurrency], waiting[self.concurrency :]
            begun = 0
            for probe in wave:
                try:
                    self._claim(probe)
                except (TimeIsUp, NotAnswering):
                    continue
                begun += 1
            self.clock.now += self.latency if begun else 0.0


@pytest.fixture
def session(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(bounded, "time", clock)
    return VirtualSession(clock)


def asked(session):
    first = [(check, first_requests(check, session.profile)) for check in ORDER]
    return [check for check, sends in first if sends and all(map(session.has, sends))]


@pytest.mark.parametrize("seconds", [3, 10, 30, 60])
def test_it_ends_in_time_and_uses_most_of_it(session, seconds):
    began = session.clock.now
    send_within(ORDER, session, began + seconds)
    spent = session.clock.now - began

    assert spent <= seconds
    assert spent >= 0.7 * seconds - 1
    assert session.sent >= 0.5 * seconds * session.concurrency


def test_with_time_enough_everything_is_asked(session):
    send_within(ORDER, session, session.clock.now + 1_000)

    assert asked(session) == [check for check in ORDER if check.sends]


def test_what_is_worth_most_is_asked_first(session):
    send_within(ORDER, session, session.clock.now + 10)
    found = asked(session)
    first = [c for c in ORDER if c.sends and not is_ordered(c)][: len(found) // 2]

    assert {c.id for c in first} <= {c.id for c in found}


def test_the_session_is_closed_for_what_was_not_asked(session):
    send_within(ORDER, session, session.clock.now + 5)

    assert session.closes[-1] == (session.clock.now, NOT_ASKED)


def test_without_time_for_one_request_nothing_is_sent(session):
    send_within(ORDER, session, session.clock.now + 0.5)

    assert not session.done


def test_a_server_that_stops_answering_ends_it(session):
    session.stops_after = 20
    send_within(ORDER, session, session.clock.now + 1_000)

    assert session.sent == 20


def test_a_fast_server_is_asked_all(session):
    session.latency = 0.01
    send_within(ORDER, session, session.clock.now + 10)

    assert len(asked(session)) == len([check for check in ORDER if check.sends])


BOTH, ONE, OTHER, LATER = (
    Probe(name=name, path=f"/{name}") for name in ("both", "one", "other", "later")
)
SHARED = Combined(sends=(BOTH,))
IN_TWO_STEPS = made_check(sends=(ONE, OTHER), combined=SHARED)


@pytest.mark.parametrize(
    ("settled", "thorough", "sent"),
    [
        pytest.param(True, False, [BOTH, LATER], id="settled"),
        pytest.param(False, False, [BOTH, LATER, ONE, OTHER], id="open"),
        pytest.param(False, True, [ONE, OTHER, LATER], id="thorough"),
    ],
)
def test_own_requests_follow_where_combined_ones_settle_nothing(
    session, settled, thorough, sent
):
    session.thorough = thorough
    send_within(
        [IN_TWO_STEPS, made_check(id="family.other", sends=LATER)],
        session,
        session.clock.now + 100,
        is_open=lambda check: bool(check.combined) and not settled,
    )

    assert list(session.done) == sent


def test_own_requests_that_do_not_fit_are_not_sent(session):
    send_within(
        [IN_TWO_STEPS], session, session.clock.now + 1.5, is_open=lambda _: True
    )

    assert list(session.done) == [BOTH]
