"""Whether a gateway repeats requests, by the counters of the server behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.behind import ASK, Session, exchange, found

from contract.model.aspect import Aspect
from contract.run.altered import Verdict
from contract.run.behind import compare_replies
from contract.run.costs import (
    ASKED_BY_OTHERS,
    NOT_ANSWERED_AGAIN,
    Spent,
    chats_of,
    read_counters,
    rises,
)


def spent(sent, received, name="http_requests_total"):
    return Spent(sent, {name: received})


@pytest.mark.parametrize(
    ("through", "alone", "repeats"),
    [
        (spent(10, 20), spent(10, 10), True),
        (spent(10, 11), spent(10, 10), False),
        # More requests than the server behind was asked itself, and each once.
        (spent(292, 292), spent(239, 239), False),
        (spent(20, 40), spent(60, 60), True),
        # Those without a key do not reach it.
        (spent(20, 12), spent(20, 20), False),
    ],
)
def test_more_requests_than_the_gateway_was_sent_are_repeats(through, alone, repeats):
    altered = compare_replies(
        Session(exchange()), Session(exchange()), (), spent=(through, alone)
    )

    assert ((Aspect.REPEATS, Verdict.NEVER) in found(altered)) is repeats
    assert altered.notes == ()


def test_a_server_that_others_ask_shows_nothing():
    altered = compare_replies(
        Session(exchange()),
        Session(exchange()),
        (),
        spent=(spent(10, 40), spent(10, 30)),
    )

    assert altered.alterations == ()
    assert altered.notes == (ASKED_BY_OTHERS,)


class Generating(Session):
    """A session whose requests cost the server behind tokens, which it counts."""

    total = 0

    def __init__(self, *exchanges, cost, status=200):
        super().__init__(*exchanges)
        self.cost, self.status = cost, status

    def send(self, probe):
        if probe.path == "/metrics":
            text = f"{TOKENS} {Generating.total}\n".encode()
            return exchange(probe=replace(ASK, path="/metrics"), value=text)
        Generating.total += self.cost
        return exchange(probe=probe, status=self.status)


TOKENS = "llamacpp:tokens_predicted_total"


@pytest.mark.parametrize(
    ("cost", "status", "repeats", "notes"),
    [
        (100, 200, False, ()),
        (104, 200, False, ()),
        (200, 200, True, ()),
        (100, 500, False, (NOT_ANSWERED_AGAIN,)),
    ],
)
def test_tokens_are_counted_for_the_same_requests(cost, status, repeats, notes):
    # What the runs of the checks cost is of different requests, and says nothing.
    altered = compare_replies(
        Generating(exchange(), cost=cost, status=status),
        Generating(exchange(), cost=100),
        (),
        spent=(spent(0, 9_000, TOKENS), spent(0, 700, TOKENS)),
    )

    assert ((Aspect.REPEATS, Verdict.NEVER) in found(altered)) is repeats
    assert altered.notes == notes


def test_chats_are_counted_with_their_repetitions():
    others = exchange(probe=replace(ASK, name="models", path="/v1/models"))
    session = Session(exchange(), exchange(repeats=2), others)

    assert chats_of(session) == 4


def test_a_counter_that_is_new_rises_from_nothing():
    before = {"a": ("tokens", 3.0)}
    after = {"a": ("tokens", 5.0), "b": ("tokens", 4.0)}

    assert rises(before, after) == {"a": 2.0, "b": 4.0}


def test_counters_are_read_from_prometheus_text_and_summed():
    text = (
        b"# TYPE http_requests_total counter\n"
        b'http_requests_total{handler="/v1/chat/completions",status="2xx"} 328.0\n'
        b'http_requests_total{handler="/v1/chat/completions",status="4xx"} 1.2e+2\n'
        b'http_requests_total{handler="/v1/models",status="2xx"} 2.0\n'
        b"llamacpp:tokens_predicted_total 8851\nnonsense{ 1\n\xff\n"
    )
    session = Session(again=[exchange(value=text)])

    assert read_counters(session) == {
        "http_requests_total": ("chat requests", 448.0),
        "llamacpp:tokens_predicted_total": ("generated tokens", 8851.0),
    }
