"""
Two bare pass-through proxies to compare with; neither parses, judges or saves anything.

`python bare_proxy.py tcp PORT UPSTREAM` copies bytes between sockets on uvloop: the
least that a proxy in Python does. `python bare_proxy.py httpx PORT UPSTREAM` is what
most write: an ASGI application that streams with httpx on uvicorn.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx
import uvicorn
import uvloop


class Side(asyncio.Protocol):
    """One side of a connection: what it reads, the other writes."""

    def __init__(self, upstream: int | None, other: Side | None = None) -> None:
        self.upstream, self.other = upstream, other
        self.early = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        if self.upstream is not None:
            self.task = asyncio.ensure_future(self.connect())

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, other = await loop.create_connection(
            lambda: Side(None, self), "127.0.0.1", self.upstream
        )
        other.transport.write(self.early)
        self.other = other

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early += data
        else:
            self.other.transport.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.other is not None:
            self.other.transport.close()


async def copy(port: int, upstream: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Side(upstream), "127.0.0.1", port)
    await server.serve_forever()


def application(upstream: int) -> Any:
    limits = httpx.Limits(max_connections=None)
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{upstream}", limits=limits, timeout=120
    )

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        request = client.build_request(
            scope["method"], scope["path"], headers=scope["headers"], content=body
        )
        response = await client.send(request, stream=True)
        headers = [
            pair for pair in response.headers.raw if pair[0] != b"transfer-encoding"
        ]
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": headers,
            }
        )
        async for data in response.aiter_raw():
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        await response.aclose()

    return app


if __name__ == "__main__":
    kind, own, behind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind == "tcp":
        uvloop.run(copy(own, behind))
    else:
        uvicorn.run(
            application(behind),
            host="127.0.0.1",
            port=own,
            log_level="critical",
            access_log=False,
        )
