"""A tunnel through an HTTP proxy to the server behind it."""

from __future__ import annotations

import asyncio
from typing import cast

from contract.proxying import limits
from contract.proxying.heads import END, Head


class TunnelError(OSError):
    """A proxy did not open a tunnel."""


class Tunnel(asyncio.Protocol):
    """Asks a proxy for a tunnel (RFC 9110, 9.3.6)."""

    def __init__(self) -> None:
        self._answer = b""
        self._read: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take a part of the proxy's answer."""
        self._answer += data
        whole = END in self._answer or len(self._answer) > limits.MOST_HEAD
        if whole and not self._read.done():
            self._read.set_result(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits for the answer."""
        if not self._read.done():
            self._read.set_exception(TunnelError(f"it hung up: {exc or 'no answer'}"))

    async def open(self, authority: str, credentials: bytes | None) -> None:
        """Open a tunnel to *authority*; raise `TunnelError` if there is none."""
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        raw = "\r\n".join(lines).encode()
        if credentials:
            raw += b"\r\nProxy-Authorization: " + credentials
        self._transport.write(raw + END)
        head = Head.read((await self._read).partition(END)[0] + END)
        if head.status // 100 != 2:  # noqa: PLR2004  # 2xx
            raise TunnelError(head.first.partition(b" ")[2].decode("latin-1")[:100])
