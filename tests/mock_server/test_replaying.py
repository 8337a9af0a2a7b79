"""A server that answers from a recording, without a socket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.catalog.profiles import builtin, named
from contract.mock_server.replaying import MOST_MISSES, PATH, ReplayingProvider
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request
from contract.run.recording import load_one

FIXTURES = Path(__file__).parents[2] / "fixtures" / "exchanges"
ASKED = Request("POST", "/v1/chat/completions", (), b'{"model":"m"}')
VLLM = named("vllm")


def exchange(**more):
    return Exchange(
        **{
            "probe": Probe(name="a"),
            "profile": VLLM,
            "request": ASKED,
            "status": 200,
            "headers": (("content-type", "application/json"), ("keep-alive", "x")),
            "arrivals": (Arrival(0.1, b"{"), Arrival(0.4, b"}")),
            **more,
        }
    )


@pytest.mark.parametrize(
    ("speed", "times"), [(1.0, [0.1, 0.4]), (2.0, [0.05, 0.2]), (0.0, [0.0, 0.0])]
)
def test_the_portions_have_the_recorded_times(speed, times):
    reply = ReplayingProvider(VLLM, [exchange()], speed=speed).reply(ASKED)

    assert [frame.at for frame in reply.frames] == times
    assert reply.body == b"{}"
    assert reply.headers == (("content-type", "application/json"),)


@pytest.mark.parametrize(
    ("recorded", "end"),
    [
        (End.COMPLETE, End.COMPLETE),
        (End.RESET, End.RESET),
        (End.LEFT, End.RESET),
        (End.TOO_LARGE, End.RESET),
        (End.TIMEOUT, End.TIMEOUT),
        (End.OPEN, End.OPEN),
    ],
)
def test_a_reply_ends_as_it_did(recorded, end):
    reply = ReplayingProvider(VLLM, [exchange(end=recorded)]).reply(ASKED)

    assert reply.end is end


def test_a_request_without_a_response_has_none_again():
    one = exchange(status=None, headers=(), arrivals=(), end=End.REFUSED)
    reply = ReplayingProvider(VLLM, [one]).reply(ASKED)

    assert (reply.status, reply.end) == (0, End.RESET)


@pytest.mark.parametrize("name", ["mistral", "vllm", "llamacpp", "transformers"])
def test_a_miss_is_an_error_of_the_dialect(name):
    profile = named(name)
    reply = ReplayingProvider(profile, [exchange()]).reply(
        Request("POST", ASKED.path, (), b'{"model":"n"}')
    )

    assert reply.status == 404
    assert "not in the recording" in reply.body.decode()
    assert reply.json != profile.dialect.id


def test_misses_are_listed_and_forgotten():
    provider = ReplayingProvider(VLLM, [exchange()])
    for _ in range(2):
        provider.reply(Request("GET", "/v1/models"))
    provider.reply(ASKED)
    listed = json.loads(provider.reply(Request("GET", PATH)).body)

    assert listed == {
        "recorded": 1,
        "answered": 1,
        "missed": 2,
        "misses": [
            {
                "method": "GET",
                "path": "/v1/models",
                "nearest": "",
                "difference": "No request to GET /v1/models was recorded, only POST "
                "/v1/chat/completions",
                "count": 2,
            }
        ],
        "unused": [],
    }
    provider.reply(Request("DELETE", PATH))
    assert json.loads(provider.reply(Request("GET", PATH)).body)["missed"] == 0
    assert provider.reply(Request("PUT", PATH)).status == 405


def test_the_list_of_misses_is_bounded():
    provider = ReplayingProvider(VLLM, [exchange()])
    for number in range(MOST_MISSES + 10):
        provider.reply(Request("GET", f"/{number}"))

    assert len(provider.summary()["misses"]) == MOST_MISSES
    assert provider.misses == MOST_MISSES + 10


def test_a_url_that_the_server_fetched_is_fetched_again():
    asked = Request("POST", ASKED.path, (), b'{"url":"http://127.0.0.1:99/x.png"}')
    one = exchange(
        request=Request(
            "POST", ASKED.path, (), b'{"url":"http://canary.invalid/x.png"}'
        ),
        visits=("/x.png",),
    )

    reply = ReplayingProvider(VLLM, [one]).reply(asked)

    assert reply.visits == ("http://127.0.0.1:99/x.png",)


def test_the_recording_of_a_real_engine_is_served_byte_by_byte():
    recorded = load_one(FIXTURES / "llamacpp-b11549", builtin())
    provider = ReplayingProvider(recorded.profile, recorded.exchanges.values())
    wrong = []
    for one in recorded.exchanges.values():
        reply = provider.reply(one.request)
        same = any(
            reply.body == other.body and reply.status == (other.status or 0)
            for other in recorded.exchanges.values()
            if other.request.path == one.request.path
        )
        wrong += [] if same else [one.probe.name]

    assert wrong == []
    assert provider.misses == 0
