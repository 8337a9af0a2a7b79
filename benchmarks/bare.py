"""Bare ASGI applications on uvicorn: the ceiling a mock on the same server has."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# The bytes to answer with; a stream's frames are told apart by NUL.
BODY = Path(os.environ["BARE_BODY"]).read_bytes()
FRAMES = BODY.split(b"\0")
TTFT = float(os.environ.get("BARE_TTFT", "0"))
GAP = float(os.environ.get("BARE_GAP", "0"))


async def _read(receive: Receive) -> object:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return orjson.loads(body or b"{}")


async def plain(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Parse the request, answer fixed bytes."""
    if scope["type"] != "http":
        return
    await _read(receive)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


async def stream(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Parse the request, write fixed frames one by one, asleep for a gap between."""
    if scope["type"] != "http":
        return
    await _read(receive)
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await asyncio.sleep(TTFT)
    for frame in FRAMES:
        await send({"type": "http.response.body", "body": frame, "more_body": True})
        await asyncio.sleep(GAP)
    await send({"type": "http.response.body", "body": b""})
