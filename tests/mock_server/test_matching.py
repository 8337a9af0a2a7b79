"""Which recorded exchange answers a request, and what is said where none does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalog.profiles import named
from contract.mock_server.matching import Miss, Recorded
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import CANARY, Probe
from contract.model.wire import Request

CHAT = "/v1/chat/completions"
BODY = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "seed": 7}
PLAIN = (("content-type", "application/json"),)


def request(body=BODY, *, path=CHAT, method="POST", headers=PLAIN):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method, path, headers, raw)


def exchange(name, one=None, **more):
    return Exchange(
        probe=Probe(name=name),
        profile=named("vllm"),
        request=one or request(),
        status=more.pop("status", 200),
        arrivals=(Arrival(0.0, name.encode()),),
        **more,
    )


def names(recorded, *requests):
    return [
        found.probe.name if isinstance(found, Exchange) else None
        for found in map(recorded.find, requests)
    ]


def test_repeated_requests_are_answered_in_order_and_then_by_the_last():
    recorded = Recorded([exchange("a"), exchange("b")])

    assert names(recorded, *[request()] * 4) == ["a", "b", "b", "b"]
    recorded.reset()
    assert names(recorded, request()) == ["a"]


def test_order_of_members_and_white_space_do_not_matter():
    recorded = Recorded([exchange("a")])
    other = dict(reversed(BODY.items()))

    assert names(recorded, request(json.dumps(other, indent=3).encode())) == ["a"]


def test_the_same_bytes_come_first():
    spaced = request(json.dumps(BODY, indent=1).encode())
    recorded = Recorded([exchange("a"), exchange("spaced", spaced)])

    assert names(recorded, spaced, request()) == ["spaced", "a"]


def test_streams_and_whole_answers_stay_apart_even_if_ignored():
    streamed = request({**BODY, "stream": True})
    recorded = Recorded([exchange("whole"), exchange("s", streamed)], ["stream"])

    assert names(recorded, streamed, request()) == ["s", "whole"]


def test_members_can_be_ignored():
    recorded = Recorded([exchange("a")], ["seed", "user"])

    assert names(recorded, request({**BODY, "seed": 8, "user": "me"})) == ["a"]
    assert names(Recorded([exchange("a")]), request({**BODY, "seed": 8})) == [None]


def test_keys_and_headers_do_not_matter_unless_they_tell_replies_apart():
    keyed = replace(request(), headers=(*PLAIN, ("authorization", "***")))
    recorded = Recorded(
        [exchange("none", status=401), exchange("keyed", keyed)],
    )
    mine = replace(request(), headers=(*PLAIN, ("authorization", "Bearer sk-mine")))
    odd = replace(request(), headers=(("x-any", "thing"),))

    assert names(recorded, mine, request()) == ["keyed", "none"]
    assert names(Recorded([exchange("a")]), mine, odd) == ["a", "a"]


def test_a_key_that_was_refused_is_refused_again():
    def with_key(value):
        return replace(request(), headers=(*PLAIN, ("authorization", value)))

    saved = with_key("***")
    recorded = Recorded(
        [exchange("wrong", saved, status=401), exchange("right", saved)]
    )

    found = names(
        recorded,
        with_key("Bearer sk-mine"),
        with_key("Bearer sk-wrong"),
        with_key("bearer sk-mine"),
        with_key("Basic a2V5OnNrLW1pbmU="),
    )
    assert found == ["right", "wrong", "right", "right"]


def test_similar_headers_come_first():
    gzip = replace(request(), headers=(*PLAIN, ("accept-encoding", "gzip")))
    recorded = Recorded([exchange("plain"), exchange("gzip", gzip)])

    assert names(recorded, gzip, request()) == ["gzip", "plain"]


def test_an_exchange_that_the_client_left_is_the_last_resort():
    left = exchange("left", end=End.LEFT)

    assert names(Recorded([left, exchange("whole")]), request()) == ["whole"]
    assert names(Recorded([left]), request()) == ["left"]


@pytest.mark.parametrize("recorded_url", [CANARY, "http://127.0.0.1:4711"])
def test_the_port_of_a_server_on_this_machine_does_not_matter(recorded_url):
    recorded = Recorded([exchange("a", request({"url": f"{recorded_url}/x.png"}))])

    assert names(recorded, request({"url": "http://127.0.0.1:99/x.png"})) == ["a"]
    assert names(recorded, request({"url": "http://127.0.0.1:99/y.png"})) == [None]


def test_a_path_is_compared_without_percent_encoding():
    recorded = Recorded([exchange("a", request(b"", path="/v1/x%2Fy", method="GET"))])

    assert names(recorded, request(b"", path="/v1/x/y", method="GET")) == ["a"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 5_000, b'"text"'])
def test_bodies_that_are_no_objects_are_known_by_their_bytes(body):
    recorded = Recorded([exchange("a", request(body))])

    assert names(recorded, request(body), request(body + b" x")) == ["a", None]


@pytest.mark.parametrize(
    ("asked", "nearest", "words"),
    [
        (request({**BODY, "seed": 8}), "a", "At /seed the request has 8, and 7 was"),
        (
            request({**BODY, "messages": [{"role": "user", "content": "Hi you"}]}),
            "a",
            'At /messages/0/content the request has "Hi you", and "Hi" was recorded',
        ),
        (request({**BODY, "user": "x"}), "a", 'has "x", and nothing was recorded'),
        (request(b"{"), "far", "At the body the request has"),
        (
            request(b"", path="/v1/models", method="GET"),
            "",
            "No request to GET /v1/mod",
        ),
        (request(path=f"{CHAT}?x=1"), "a", f"The path is '{CHAT}?x=1'"),
    ],
)
def test_a_miss_names_the_nearest_request_and_the_first_difference(
    asked, nearest, words
):
    far = request({"model": "other", "messages": [], "tools": [1, 2]})
    found = Recorded([exchange("far", far), exchange("a")]).find(asked)

    assert isinstance(found, Miss)
    assert (found.nearest, words in found.difference) == (nearest, True), found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_a_request_is_found_or_the_difference_is_told(one, other):
    recorded = Recorded([exchange("a", request(one))])
    found = recorded.find(request(other))
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert isinstance(found, Exchange) is same


def test_what_was_not_served_is_listed():
    recorded = Recorded([exchange("a"), exchange("b")])
    recorded.find(request())

    assert (len(recorded), recorded.unused) == (2, ("b",))
