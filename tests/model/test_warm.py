"""What is derived from many exchanges is bounded, and computed again when needed."""

from __future__ import annotations

import pytest
from support.saved_sessions import PROFILE

from contract.model import exchange as module
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import SUM_WHOLE
from contract.model.warm import Warm
from contract.model.wire import Request

REQUEST = Request("POST", "/v1/chat/completions")


class Thing:
    """Counts how often it is released."""

    def __init__(self):
        self.released = 0

    def release(self):
        self.released += 1


def test_the_first_are_released_for_the_last():
    warm, things = Warm(100), [Thing() for _ in range(5)]
    for thing in things:
        warm.add(thing, 40)

    assert [thing.released for thing in things] == [1, 1, 1, 0, 0]


def test_one_that_is_added_again_counts_once_and_comes_last():
    warm, (one, two, three) = Warm(100), (Thing() for _ in range(3))
    for thing in (one, two, one, three):
        warm.add(thing, 40)

    assert (one.released, two.released, three.released) == (0, 1, 0)


def test_the_last_one_is_kept_however_large():
    warm, (one, two) = Warm(100), (Thing(), Thing())
    warm.add(one, 1_000)
    warm.add(two, 1)

    assert (one.released, two.released) == (1, 0)


def test_none_is_kept_alive():
    warm, last = Warm(100), Thing()
    for _ in range(10):
        warm.add(Thing(), 60)
    warm.add(last, 30)

    assert last.released == 0


@pytest.mark.parametrize("name", ["body", "json", "folded", "events", "text", "chunks"])
def test_an_exchange_is_released_whatever_is_derived_from_it(monkeypatch, name):
    monkeypatch.setattr(module, "WARM", Warm(100))
    body = b'data: {"choices": [{"index": 0, "delta": {"content": "hello"}}]}\n\n'
    exchanges = [
        Exchange(
            probe=SUM_WHOLE,
            profile=PROFILE,
            request=REQUEST,
            status=200,
            headers=(("content-type", "text/event-stream"),),
            arrivals=(Arrival(0.0, body),),
        )
        for _ in range(3)
    ]
    values = [getattr(one, name) for one in exchanges]

    assert ["size" in vars(one) for one in exchanges] == [False, False, True]
    assert values == [getattr(one, name) for one in exchanges]
