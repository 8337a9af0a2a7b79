"""The JSON API around a function: bounds, the Host header, waiting, the gate."""

from __future__ import annotations

import asyncio
import json

import pytest

from contract.mock_server.json_app import MAX_BODY, Answer, json_app
from contract.model.redaction import SECRETS

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/a",
    "query_string": b"b=c",
    "headers": [(b"host", b"127.0.0.1:1")],
}


def answered(handle, *, body=b"", hosts=(), leaves=False, **scope):
    """The head and the body of the response of *handle*; None without one."""
    sent = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if waiting:
            return waiting.pop()
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    application = json_app(handle, hosts=hosts)
    asyncio.run(asyncio.wait_for(application({**SCOPE, **scope}, receive, send), 5))
    if not sent:
        return None
    head, content = sent
    return head["status"], dict(head["headers"]), content["body"]


def echo(request):
    return Answer(body=[request.method, request.path, request.body.decode()])


def test_a_function_of_a_request_is_served_as_json():
    status, headers, body = answered(echo, body=b"{}")

    assert (status, json.loads(body)) == (200, ["POST", "/a?b=c", "{}"])
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-length"] == str(len(body)).encode()


@pytest.mark.parametrize(
    ("host", "allowed", "status"),
    [
        pytest.param(b"localhost:1", (), 200, id="local"),
        pytest.param(b"evil.example", (), 421, id="foreign"),
        pytest.param(b"ci.example", ("ci.example",), 200, id="allowed"),
        pytest.param(b"evil.example", None, 200, id="not-on-loopback"),
    ],
)
def test_the_host_header_is_checked(host, allowed, status):
    assert answered(echo, headers=[(b"host", host)], hosts=allowed)[0] == status


def test_a_large_body_is_refused_and_the_connection_closed():
    status, headers, body = answered(echo, body=b" " * (MAX_BODY + 1))

    assert status == 413
    assert json.loads(body) == {"error": "The request body is larger than 64 KiB."}
    assert headers[b"connection"] == b"close"


def test_an_answer_that_is_pending_is_asked_for_again():
    answers = [Answer(status=503, body=number, patience=60) for number in range(2)]
    answers.append(Answer(body="known"))

    status, _, body = answered(lambda _request: answers.pop(0))

    assert (status, json.loads(body), answers) == (200, "known", [])


def test_patience_ends():
    status, _, _ = answered(lambda _r: Answer(status=503, body=None, patience=0.01))

    assert status == 503


def test_nothing_is_sent_to_a_client_that_has_left():
    pending = Answer(status=503, body=None, patience=60)

    assert answered(lambda _request: pending, leaves=True) is None


def test_a_server_that_stops_answers_who_waits():
    pending = Answer(status=503, body={"error": "not yet"}, patience=60)
    sent = []

    async def receive():
        if sent:
            await asyncio.Event().wait()
        sent.append("asked")
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    async def main():
        task = asyncio.create_task(json_app(lambda _r: pending)(SCOPE, receive, send))
        await asyncio.sleep(0.02)
        task.cancel()
        await task

    asyncio.run(main())

    assert sent[1]["status"] == 503
    assert json.loads(sent[2]["body"]) == {"error": "not yet"}


def test_a_bug_is_one_response():
    def broken(_request):
        raise KeyError("sk-hidden")

    status, _, body = answered(broken)

    assert (status, json.loads(body)) == (
        500,
        {"error": "This server failed: KeyError."},
    )


def test_what_is_sent_is_masked_and_inert():
    with SECRETS.scope():
        SECRETS.register("sk-of-mine-12345")
        text = "sk-of-mine-12345 \x1b[31m ##vso[task] \ud800"
        _, _, body = answered(lambda _request: Answer(body={"text": text}))

    assert b"sk-of-mine" not in body
    assert body.isascii()
    assert b"\x1b" not in body
    assert b"##vso[" not in body
    assert json.loads(body)["text"] == "*** \x1b[31m ##vso[task] \ud800"
