"""The application performs replies frame by frame, with no server around it."""

import asyncio
from dataclasses import replace

import pytest

from contract.catalog.providers import dialects
from contract.mock_server.app import (
    app,
    perform,
)
from contract.mock_server.provider import MockProvider
from contract.model.exchange import End
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.profile import Profile
from contract.model.reply import Frame
from contract.model.wire import (
    Request,
    build_request,
)

VLLM = dialects()["vllm-0.16"]


def performed(reply, *, leaves=False):
    """The messages an ASGI server is sent; a client that *leaves* does so at once."""
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


def test_every_frame_is_a_message_of_its_own():
    meant = reply()
    start, *frames, last = performed(meant)

    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    assert [m["body"] for m in frames] == [f.data for f in meant.frames]
    assert all(message["more_body"] for message in frames)
    assert last == {"type": "http.response.body", "body": b""}


def test_whole_body_comes_with_its_length():
    meant = reply(SUM_WHOLE)
    start, body = performed(meant)

    assert (b"content-length", str(len(meant.body)).encode()) in start["headers"]
    assert body["body"] == meant.body


def test_empty_body_has_the_length_zero():
    meant = MockProvider(VLLM).reply(Request("GET", "/health"))
    start, body = performed(meant)

    assert start["headers"] == [(b"content-length", b"0")]
    assert body["body"] == b""


def test_client_that_leaves_is_sent_nothing_more():
    frames = (Frame(0.0, b"data: 1\n\n"), Frame(600.0, b"data: 2\n\n"))
    meant = replace(reply(), frames=frames)
    sent = [m["body"] for m in performed(meant, leaves=True)[1:]]

    assert sent == [b"data: 1\n\n"]


def test_client_that_leaves_before_a_whole_body_is_sent_nothing():
    meant = replace(reply(SUM_WHOLE), frames=(Frame(600.0, b"{}"),))

    assert performed(meant, leaves=True) == []


@pytest.mark.parametrize("end", [End.RESET, End.TIMEOUT])
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


def test_body_in_parts_is_put_together():
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


def test_query_is_no_part_of_the_way():
    assert called(SCOPE, [{"type": "http.request"}])[0]["status"] == 200


def test_client_that_leaves_while_asking_is_not_answered():
    assert called(SCOPE, [{"type": "http.disconnect"}]) == []


def test_other_protocols_are_left_alone():
    assert called({"type": "websocket"}, []) == []
