"""Exchanges made of what passed a relay."""

from __future__ import annotations

import json
from array import array

import pytest

from contract.catalog.profiles import named
from contract.model.redaction import SECRETS
from contract.model.saved import dump
from contract.proxying.exchanges import MOST_KEYS, Reader
from contract.proxying.passed import Passed

KEY = "sk-0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_secrets_stay():
    with SECRETS.scope():
        yield


def passed(number=1, **more):
    body = json.dumps({"model": "m", "stream": True}).encode()
    return Passed(
        number=number,
        **{
            "method": "POST",
            "path": "/v1/chat/completions",
            "headers": [("authorization", f"Bearer {KEY}"), ("x-own", "1")],
            "body": body,
            "status": 200,
            "response_headers": [("content-type", "text/event-stream")],
            "times": array("d", [0.1, 0.2]),
            "sizes": array("Q", [6, 9]),
            "response": b"data: 1data: 2\n\n"[:15],
            **more,
        },
    )


@pytest.fixture
def reader():
    return Reader(named("vllm"))


def test_the_portions_have_their_times(reader):
    exchange = reader.exchange(passed())

    assert [(a.at, a.data) for a in exchange.arrivals] == [
        (0.1, b"data: "),
        (0.2, b"1data: 2\n"),
    ]
    assert exchange.probe.stream
    assert exchange.probe.name == "proxied-1"


def test_equal_requests_are_samples_of_their_own(reader):
    samples = [reader.exchange(passed(n)).probe.sample for n in (1, 2, 3)]

    assert samples == [0, 1, 2]


@pytest.mark.parametrize("place", ["header", "query", "response", "x-api-key"])
def test_no_key_of_a_client_is_in_an_exchange(reader, place):
    more = {
        "header": {},
        "query": {"path": f"/v1/chat/completions?api_key={KEY}", "headers": []},
        "response": {"response": KEY.encode(), "sizes": array("Q", [9, 10])},
        "x-api-key": {"headers": [("x-api-key", KEY)]},
    }[place]
    exchange = reader.exchange(passed(**more))

    assert KEY not in json.dumps(dump(exchange))
    assert KEY.encode() not in exchange.body


def test_a_key_is_masked_in_the_exchanges_of_others(reader):
    reader.exchange(passed())
    other = reader.exchange(
        passed(headers=[], response=KEY.encode(), sizes=array("Q", [9, 10]))
    )

    assert other.body == b"*" * len(KEY)


@pytest.mark.long
def test_the_number_of_keys_that_are_kept_is_bounded(reader):
    for number in range(MOST_KEYS + 5):
        key = f"sk-of-client-number-{number:06}"
        exchange = reader.exchange(
            passed(
                headers=[("authorization", f"Bearer {key}")],
                sizes=array("Q", [0, len(key)]),
                response=key.encode(),
            )
        )
        assert key.encode() not in exchange.body

    assert len(SECRETS.values) <= 4 * MOST_KEYS


def test_a_response_with_the_key_of_its_client_is_known(reader):
    sound = reader.exchange(passed())
    echoed = reader.exchange(passed(2, response_headers=[("x-debug", f"Bearer {KEY}")]))

    assert sound.echoes == ()
    assert echoed.echoes == ("header x-debug",)
    assert KEY not in str(dump(echoed))
