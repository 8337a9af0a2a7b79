"""ASGI application of a small JSON API, served as the mock is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus

from contract.mock_server.app import (
    App,
    Client,
    Receive,
    RefusedError,
    Scope,
    Send,
    check_host,
    read_body,
    request_of,
)
from contract.model.chat import Json
from contract.model.escape import escape_json
from contract.model.redaction import SECRETS
from contract.model.wire import Request

MAX_BODY = 64 * 2**10  # bytes of a request
_PAUSE = 0.05  # seconds between two looks for an answer that is pending
_FIXED = (
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    # A browser must not take what a server sent for a page.
    ("x-content-type-options", "nosniff"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response to a request."""

    # The HTTP status.
    status: int = HTTPStatus.OK.value
    # The body, which is sent as JSON.
    body: Json
    # Further headers, as (lower-case name, value).
    headers: tuple[tuple[str, str], ...] = ()
    # For how many seconds the client waits for another answer than this one; it is sent
    # when they are over.
    patience: float = 0.0


Handle = Callable[[Request], Answer]
"""Returns the answer to a request at once; called again while it is pending."""


def json_app(handle: Handle, *, hosts: Collection[str] | None = None) -> App:
    """
    Return an ASGI application that answers with what *handle* returns.

    *hosts* are names that a Host header may have beside the local ones; None accepts
    any name. A body of more than `MAX_BODY` bytes is refused. What is sent passes the
    gate of secrets and is inert in logs.

    Usage: `running(json_app(handle))`, with `contract.mock_server.app.running`.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = request_of(scope)
        client = Client(receive)
        try:
            if hosts is not None:
                check_host(request, hosts)
            body = await read_body(request, receive, MAX_BODY)
            if body is None:
                return
            whole = Request(request.method, request.path, request.headers, body)
            answer = await _awaited(handle, whole, client)
            if answer is not None:
                await _send(answer, send)
        except RefusedError as error:
            rejection = error.rejection
            # The rest of the request is not read.
            refused = Answer(
                status=rejection.server_status,
                body={"error": rejection.message},
                headers=(("connection", "close"),),
            )
            await _send(refused, send)
        finally:
            client.stop()

    return application


async def _awaited(handle: Handle, request: Request, client: Client) -> Answer | None:
    """Return the answer once it no longer waits; None if the client leaves before."""
    clock = time.monotonic
    started = clock()
    while True:
        answer = _answer(handle, request)
        left = started + answer.patience - clock()
        if left <= 0:
            return answer
        try:
            if await client.leaves_before(clock() + min(left, _PAUSE)):
                return None
        except asyncio.CancelledError:
            # The server stops. Without an answer, uvicorn sends one that is no JSON.
            return answer


def _answer(handle: Handle, request: Request) -> Answer:
    try:
        return handle(request)
    except Exception as error:  # noqa: BLE001  # one request must not end the server
        return Answer(
            status=HTTPStatus.INTERNAL_SERVER_ERROR.value,
            body={"error": f"This server failed: {type(error).__name__}."},
        )


async def _send(answer: Answer, send: Send) -> None:
    text = escape_json(SECRETS.mask(json.dumps(answer.body, indent=1))) + "\n"
    body = text.encode()
    headers = [*_FIXED, *answer.headers, ("content-length", str(len(body)))]
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers],
        }
    )
    await send({"type": "http.response.body", "body": body})
