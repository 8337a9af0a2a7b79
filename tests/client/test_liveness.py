"""When a provider counts as gone: not for one silence, and not for one refusal."""

from __future__ import annotations

import threading

import pytest

from contract.catalog.profiles import builtin
from contract.client import liveness
from contract.client.liveness import (
    ATTEMPTS,
    Liveness,
)
from contract.model.chat import MODELS
from contract.model.exchange import (
    Arrival,
    End,
    Exchange,
)
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
    said = (Arrival(0.1, b"{}"),) if status else ()
    return Exchange(
        probe=probe,
        profile=PROFILE,
        request=request,
        status=status,
        headers=(),
        arrivals=said,
        end=end,
        note=note,
        elapsed=0.1,
    )


ANSWER = exchange(End.COMPLETE, 200)
BUSY = exchange(End.COMPLETE, 503)
SILENCE = exchange(End.TIMEOUT, note="no byte of the body came within 1 s")
NOBODY = exchange(End.REFUSED, note="connection refused")


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(liveness, "PAUSE", 0.0)


def felt(*exchanges, again):
    """What a pulse makes of *exchanges* when asking again gives *again* in turn."""
    found, asked = Liveness(), []

    def ask(probe, request):
        asked.append((probe, request))
        return again[len(asked) - 1]

    for number, one in enumerate(exchanges):
        found.feel(SENT if one.request is CHAT else one.request, one, number, ask)
    return found.stopped, asked


@pytest.mark.parametrize("one", [SILENCE, NOBODY], ids=["silence", "refusal"])
def test_whoever_does_not_answer_again_what_was_answered_is_gone(one):
    stopped, asked = felt(ANSWER, one, again=[SILENCE])

    assert stopped == (
        f"the provider stopped answering ({one.note}), also what it had answered "
        "before (no byte of the body came within 1 s); see its log"
    )
    assert asked == [(HELLO, SENT)]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param([ANSWER], id="answers"),
        pytest.param([BUSY], id="is-busy"),
        pytest.param([NOBODY, NOBODY, ANSWER], id="is-being-replaced"),
    ],
)
def test_whoever_answers_again_is_there(again):
    stopped, asked = felt(ANSWER, SILENCE, again=again)

    assert (stopped, len(asked)) == ("", len(again))


def test_refusals_are_asked_a_few_times_and_no_more():
    stopped, asked = felt(ANSWER, NOBODY, SILENCE, again=[NOBODY] * ATTEMPTS)

    assert "connection refused" in stopped
    assert len(asked) == ATTEMPTS


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
def test_nothing_is_asked_again_before_a_chat_was_answered(first):
    assert ("", []) == felt(first, SILENCE, again=[])


def test_silences_of_one_moment_are_looked_into_once():
    found, calls, both = Liveness(), [], threading.Barrier(2)

    def ask(_probe, _request):
        calls.append(None)
        return ANSWER

    def silent():
        both.wait()
        found.feel(SENT, SILENCE, 0.0, ask)

    found.feel(SENT, ANSWER, 0.0, ask)
    threads = [threading.Thread(target=silent) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(calls), found.stopped) == (1, "")
