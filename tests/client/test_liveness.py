"""Tests of the liveness check: one timeout or one refused connection is not enough."""

from __future__ import annotations

import threading

import pytest

from contract.catalog.profiles import builtin
from contract.client import liveness
from contract.client.liveness import ATTEMPTS, Liveness
from contract.model.chat import MODELS
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probes import HELLO
from contract.model.wire import Request

PROFILE = builtin()["vllm-0.32"]
CHAT = Request(
    "POST", "/v1/chat/completions", (("authorization", "Bearer ***"),), b"{}"
)
SENT = Request(
    "POST", "/v1/chat/completions", (("authorization", "Bearer sk-1"),), b"{}"
)


def exchange(end, status=None, note="", request=CHAT, probe=HELLO):
    arrivals = (Arrival(0.1, b"{}"),) if status else ()
    return Exchange(
        probe=probe,
        profile=PROFILE,
        request=request,
        status=status,
        headers=(),
        arrivals=arrivals,
        end=end,
        note=note,
        elapsed=0.1,
    )


ANSWER = exchange(End.COMPLETE, 200)
BUSY = exchange(End.COMPLETE, 503)
TIMEOUT = exchange(End.TIMEOUT, note="no byte of the body arrived within 1 s")
REFUSED = exchange(End.REFUSED, note="connection refused")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(liveness, "PAUSE", 0.0)


def observed(*exchanges, again):
    """Observe *exchanges*; repeated requests get the exchanges *again* in turn."""
    check, repeated = Liveness(), []

    def send(probe, request):
        repeated.append((probe, request))
        return again[len(repeated) - 1]

    for number, one in enumerate(exchanges):
        check.observe(SENT if one.request is CHAT else one.request, one, number, send)
    return check.stopped, repeated


@pytest.mark.parametrize("one", [TIMEOUT, REFUSED], ids=["timeout", "refused"])
def test_server_that_does_not_repeat_an_answer_has_stopped(one):
    stopped, repeated = observed(ANSWER, one, again=[TIMEOUT])

    assert stopped == (
        f"the server stopped answering ({one.note}), even a request that succeeded "
        "before (no byte of the body arrived within 1 s); see its log"
    )
    assert repeated == [(HELLO, SENT)]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param([ANSWER], id="answers"),
        pytest.param([BUSY], id="is-busy"),
        pytest.param([REFUSED, REFUSED, ANSWER], id="is-being-replaced"),
    ],
)
def test_server_that_answers_again_is_alive(again):
    stopped, repeated = observed(ANSWER, TIMEOUT, again=again)

    assert (stopped, len(repeated)) == ("", len(again))


def test_refused_connections_are_retried_a_few_times():
    stopped, repeated = observed(ANSWER, REFUSED, TIMEOUT, again=[REFUSED] * ATTEMPTS)

    assert "connection refused" in stopped
    assert len(repeated) == ATTEMPTS


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(BUSY, id="an-error"),
        pytest.param(
            exchange(
                End.COMPLETE, 200, "", Request("GET", "/v1/models", (), b""), MODELS
            ),
            id="the-list-of-models",
        ),
    ],
)
def test_nothing_is_repeated_before_a_chat_was_answered(first):
    assert ("", []) == observed(first, TIMEOUT, again=[])


def test_simultaneous_timeouts_repeat_one_request():
    check, calls, both = Liveness(), [], threading.Barrier(2)

    def send(_probe, _request):
        calls.append(None)
        return ANSWER

    def time_out():
        both.wait()
        check.observe(SENT, TIMEOUT, 0.0, send)

    check.observe(SENT, ANSWER, 0.0, send)
    threads = [threading.Thread(target=time_out) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(calls), check.stopped) == (1, "")
