"""Tests of the ASGI application without a server: frames as ASGI messages."""

import asyncio
from dataclasses import replace

import pytest

from contract.catalog.providers import dialects
from contract.mock_server.app import app, perform
from contract.mock_server.provider import MockProvider
from contract.model.exchange import End
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Profile
from contract.model.reply import Frame
from contract.model.wire import Request, build_request

VLLM = dialects()["vllm-0.16"]


def performed(reply, *, leaves=False):
    """The ASGI messages of *reply*; with *leaves*, the client disconnects at once."""
    sent = []

    async def receive():
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async def main():
        started = asyncio.get_running_loop().time()
        await asyncio.wait_for(perform(reply, started, receive, send), 5)

    asyncio.run(main())
    return sent


def reply(probe=SUM, **options):
    profile = Profile(id="vllm-0.16", dialect=VLLM)
    return MockProvider(VLLM, **options).reply(
        build_request(probe, profile, "magistral-small-2509")
    )


def test_every_frame_is_a_separate_message():
    expected = reply()
    start, *frames, last = performed(expected)

    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    assert [m["body"] for m in frames] == [f.data for f in expected.frames]
    assert all(message["more_body"] for message in frames)
    assert last == {"type": "http.response.body", "body": b""}


def test_whole_body_comes_with_its_length():
    expected = reply(SUM_WHOLE)
    start, body = performed(expected)

    assert (b"content-length", str(len(expected.body)).encode()) in start["headers"]
    assert body["body"] == expected.body


def test_empty_body_has_the_length_zero():
    start, body = performed(MockProvider(VLLM).reply(Request("GET", "/health")))

    assert start["headers"] == [(b"content-length", b"0")]
    assert body["body"] == b""


def test_nothing_more_is_sent_after_a_disconnect():
    frames = (Frame(0.0, b"data: 1\n\n"), Frame(600.0, b"data: 2\n\n"))
    slow = replace(reply(), frames=frames)
    sent = [m["body"] for m in performed(slow, leaves=True)[1:]]

    assert sent == [b"data: 1\n\n"]


def test_nothing_is_sent_after_a_disconnect_before_the_whole_body():
    slow = replace(reply(SUM_WHOLE), frames=(Frame(600.0, b"{}"),))

    assert performed(slow, leaves=True) == []


@pytest.mark.parametrize("end", [End.RESET, End.TIMEOUT, End.OPEN])
def test_broken_reply_never_ends_its_body(end):
    sent = performed(replace(reply(), end=end), leaves=True)

    assert all(message["more_body"] for message in sent[1:])


def called(scope, messages):
    sent = []
    waiting = iter(messages)

    async def receive():
        return next(waiting)

    async def send(message):
        sent.append(message)

    asyncio.run(app(MockProvider(VLLM))(scope, receive, send))
    return sent


SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/health",
    "query_string": b"a=b",
    "headers": [],
}


def test_body_in_parts_is_joined():
    request = build_request(
        SUM_WHOLE, Profile(id="any", dialect=VLLM), "magistral-small-2509"
    )
    scope = {
        **SCOPE,
        "method": "POST",
        "path": request.path,
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in request.headers],
    }
    parts = [
        {"type": "http.request", "body": request.body[:9], "more_body": True},
        {"type": "http.request", "body": request.body[9:]},
    ]

    assert called(scope, parts)[0]["status"] == 200


def test_query_is_not_part_of_the_path():
    assert called(SCOPE, [{"type": "http.request"}])[0]["status"] == 200


def test_disconnect_within_the_request_gets_no_response():
    assert called(SCOPE, [{"type": "http.disconnect"}]) == []


def test_other_protocols_are_ignored():
    assert called({"type": "websocket"}, []) == []
