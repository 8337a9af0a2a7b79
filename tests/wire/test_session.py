"""Tests of a session against a real port: memo, concurrency, allowance, liveness."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from contract.catalog.profiles import builtin
from contract.client import session as module
from contract.client.session import NotAnswering, RequestLimitReached, Session
from contract.client.spool import Spool
from contract.client.throttle import Throttle
from contract.client.timeouts import Limits
from contract.model.chat import MODELS
from contract.model.exchange import End
from contract.model.probe import KeyMode, Probe, repeat
from contract.model.probes import SUM, SUM_WHOLE

PROFILE = builtin()["vllm-0.16"]
SOON = Limits(connect=2.0, first_byte=2.0, between=2.0, total=8.0)


def test_equal_probes_are_sent_once(served):
    server = served(lambda c: c.answer({}))
    with Session(server.url, PROFILE, "m", limits=SOON) as session:
        first = session.send(SUM)
        session.prefetch((SUM, SUM, SUM_WHOLE))
        again = session.send(SUM)

    assert again is first
    assert (len(server.requests), session.sent) == (2, 2)


def test_a_closed_session_sends_nothing_and_keeps_what_it_has(served):
    server = served(lambda c: c.answer({}))
    with Session(server.url, PROFILE, "m", limits=SOON) as session:
        first = session.send(SUM)
    with pytest.raises(NotAnswering, match="the run was stopped"):
        session.send(SUM_WHOLE)

    assert (first,) == session.exchanges()
    assert first is session.send(SUM)
    assert 1 == len(server.requests)


def test_a_request_that_failed_to_be_sent_is_no_exchange(served, monkeypatch):
    seen = []

    class Closing(module.Recorder):
        def record(self, *_):
            raise RuntimeError("no more")

    # A thread that asks between the failure of a request and its being forgotten.
    class Future(module.Future):
        def set_exception(self, error):
            super().set_exception(error)
            session._memo[SUM_WHOLE] = self  # noqa: SLF001  # as that thread sees it
            seen.append(session.exchanges())

    monkeypatch.setattr(module, "Recorder", Closing)
    monkeypatch.setattr(module, "Future", Future)
    session = Session(served(lambda c: c.answer({})).url, PROFILE, "m")
    with session, pytest.raises(RuntimeError, match="no more"):
        session.send(SUM)

    assert [()] == seen


def test_threads_that_send_the_same_probe_share_one_request(served):
    def script(c):
        c.wait(0.2)
        c.answer({})

    server = served(script)
    with Session(server.url, PROFILE, "m", limits=SOON) as session:
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(session.send(SUM)))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(found) == 5
    assert len({id(exchange) for exchange in found}) == 1
    assert len(server.requests) == 1


def test_prefetch_sends_exactly_as_many_at_a_time_as_allowed(served):
    three = threading.Barrier(3)
    lock = threading.Lock()
    now, most = 0, 0

    def script(c):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        # Only three requests that are open together get past this.
        three.wait(5)
        with lock:
            now -= 1
        c.answer({})

    server = served(script)
    probes = repeat(SUM, 9)
    with Session(server.url, PROFILE, "m", limits=SOON, concurrency=3) as session:
        session.prefetch(probes)
        ends = {session.send(probe).end for probe in probes}

    assert ends == {End.COMPLETE}
    assert most == 3
    assert len(server.requests) == 9


def test_the_allowance_is_never_exceeded(served):
    server = served(lambda c: c.answer({}))
    probes = repeat(SUM, 10)
    with Session(server.url, PROFILE, "m", limits=SOON, allowance=4) as session:
        session.prefetch(probes)
        with pytest.raises(RequestLimitReached):
            session.send(SUM_WHOLE)

    assert (len(server.requests), session.sent) == (4, 4)
    assert len(session.exchanges()) == 4


def test_no_more_is_sent_than_can_be_kept(served, monkeypatch):
    monkeypatch.setattr(module, "Spool", partial(Spool, in_memory=10, on_disk=10))
    server = served(lambda c: c.answer(body=b"x" * 10))
    first, second, third, fourth = repeat(SUM, 4)
    with Session(server.url, PROFILE, "m", limits=SOON) as session:
        kept = [session.send(first), session.send(second)]
        for probe in (third, fourth):
            with pytest.raises(RequestLimitReached, match="more than 10 bytes"):
                session.send(probe)

    assert [exchange.body for exchange in kept] == [b"x" * 10] * 2
    assert [tuple(e.arrivals) for e in session.exchanges()] == [
        tuple(exchange.arrivals) for exchange in kept
    ]
    assert len(server.requests) == 3


def test_progress_is_reported_after_each_request(served):
    server = served(lambda c: c.answer({}))
    ticks = []
    with Session(
        server.url,
        PROFILE,
        "m",
        limits=SOON,
        concurrency=2,
        tick=lambda sent, planned: ticks.append((sent, planned)),
    ) as session:
        session.expect((SUM_WHOLE,))
        session.prefetch(repeat(SUM, 5))
        session.send(SUM_WHOLE)

    assert len(ticks) == 6
    assert ticks[-1] == (6, 6)
    assert {planned for _, planned in ticks} == {6}


def test_an_interrupt_does_not_wait_for_slow_answers(served, monkeypatch):
    server = served(lambda c: c.wait())

    def interrupted(_futures):
        raise KeyboardInterrupt

    monkeypatch.setattr("contract.client.session.wait", interrupted)
    with (
        Session(server.url, PROFILE, "m", concurrency=1) as session,
        pytest.raises(KeyboardInterrupt),
    ):
        session.prefetch(repeat(SUM, 50))

    assert len(server.requests) <= 2


def limited(times, then=None):
    """Answer the first requests with 429, later ones with *then*."""
    seen = []

    def script(c):
        seen.append(None)
        if len(seen) <= times:
            c.wait(0.3)
            c.answer({"error": "slow"}, status=429, headers=(("Retry-After", "0.1"),))
        else:
            (then or (lambda c: c.answer({})))(c)

    return script


def test_a_rate_limited_request_is_repeated_and_its_last_answer_kept(served):
    server = served(limited(2))
    with Session(
        server.url, PROFILE, "m", limits=SOON, throttle=Throttle(60.0), allowance=1
    ) as session:
        exchange = session.send(SUM)
        again = session.send(SUM)

    assert again is exchange
    assert exchange.status == 200
    assert session.exchanges() == (exchange,)
    assert len(server.requests) == session.sent == 3
    assert len(set(server.requests)) == 1
    assert "2 requests were repeated" in session.notes[-1]


def test_the_times_of_a_repeated_request_are_those_of_the_last_attempt(served):
    server = served(limited(2))
    with Session(
        server.url, PROFILE, "m", limits=SOON, throttle=Throttle(60.0)
    ) as session:
        exchange = session.send(SUM_WHOLE)
        limited_time = 0.3  # of each of the two attempts before

    assert exchange.elapsed < 2 * limited_time


def test_repeats_are_not_shown_as_progress(served):
    ticks = []
    server = served(limited(3))
    with Session(
        server.url,
        PROFILE,
        "m",
        limits=SOON,
        throttle=Throttle(60.0),
        tick=lambda sent, planned: ticks.append((sent, planned)),
    ) as session:
        session.prefetch((SUM, SUM_WHOLE))

    assert ticks[-1] == (2, 2)
    assert session.sent == 5


def test_without_a_throttle_a_rate_limit_is_the_answer(served):
    server = served(limited(9))
    with Session(server.url, PROFILE, "m", limits=SOON) as session:
        assert session.send(SUM).status == 429

    assert len(server.requests) == 1


def test_a_server_that_limits_the_rate_after_a_timeout_is_alive(served):
    def script(c):
        if len(server.requests) == 2:
            c.wait()
        if len(server.requests) == 3:
            c.write(b"HTTP/1.1 429 Too Many\r\nContent-Length: 9\r\n\r\n")
            return
        c.answer({})

    server = served(script)
    limits = Limits(connect=2.0, first_byte=1.0, between=1.0, total=1.0)
    with Session(server.url, PROFILE, "m", limits=limits) as session:
        session.send(SUM_WHOLE)
        session.send(SUM)
        after = session.send(Probe(name="sent", body=b"{}"))

    assert after.status == 200


QUERY = Probe(name="key-in-address", method="GET", path=MODELS, key=KeyMode.QUERY)


def test_a_key_in_a_url_is_sent_on_this_machine_and_not_recorded(served):
    server = served(lambda c: c.answer({}))
    with Session(server.url, PROFILE, "m", key="sk-12345678", limits=SOON) as session:
        exchange = session.send(QUERY)

    assert server.requests[0].startswith(b"GET /v1/models?api_key=sk-12345678 ")
    assert exchange.request.path == "/v1/models?api_key=***"


def test_a_key_is_not_sent_in_a_url_to_another_machine(served, monkeypatch):
    server = served(lambda c: c.answer({}))
    monkeypatch.setattr("contract.client.session.is_local", lambda _root: False)
    with Session(server.url, PROFILE, "m", key="sk-12345678", limits=SOON) as session:
        exchange = session.send(QUERY)

    assert b"sk-12345678" not in server.requests[0]
    assert exchange.request.path == MODELS


def test_nothing_is_sent_to_a_server_that_stopped_answering(served):
    """Its port still accepts connections: an engine that died behind a gateway."""

    def script(c):
        if len(server.requests) > 1:
            c.wait()
        c.answer({})

    server = served(script)
    limits = Limits(connect=2.0, first_byte=1.0, between=1.0, total=1.0)
    with Session(server.url, PROFILE, "m", key="sk-1", limits=limits) as session:
        session.send(SUM_WHOLE)
        unanswered = session.send(SUM)
        with pytest.raises(NotAnswering, match=r"stopped answering .* see its log"):
            session.send(Probe(name="never-sent", body=b"{}"))

    assert unanswered.end is End.TIMEOUT
    first, _, repeated = server.requests
    assert repeated == first  # the request that was answered, with its key
    assert session.sent == 2


def test_one_unanswered_request_does_not_stop_the_session(served):
    def script(c):
        if len(server.requests) == 2:
            c.wait()
        c.answer({})

    server = served(script)
    limits = Limits(connect=2.0, first_byte=1.0, between=1.0, total=1.0)
    with Session(server.url, PROFILE, "m", limits=limits) as session:
        session.send(SUM_WHOLE)
        unanswered = session.send(SUM)
        after = session.send(Probe(name="sent", body=b"{}"))

    assert (unanswered.end, after.status) == (End.TIMEOUT, 200)
