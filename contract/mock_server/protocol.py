"""HTTP protocol of uvicorn with a bound on the time and the size of request heads."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIMEOUT = (
    10.0  # seconds from the first byte, or the connection, to the last header
)
MAX_HEAD = 65_536  # bytes of the URL and all headers

_TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 33\r\nconnection: close\r\n\r\nThe request head came too slowly."
)
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 30\r\n"
    b"connection: close\r\n\r\nThe request head is too large."
)


class BoundedProtocol(HttpToolsProtocol):
    """
    Closes connections whose request head is slow (RFC 9110 15.5.9) or too large.

    Usage: `uvicorn.Config(app, http=BoundedProtocol)`.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _head_size = 0
    _in_head = True

    def connection_made(self, transport: Any) -> None:
        """Start the clock for the head of the first request."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Start the clock for the head of any further request."""
        super().on_message_begin()
        self._in_head = True
        self._head_size = 0
        if self._head_timer is None:
            self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Count the bytes of the head, which the parser keeps until they are whole."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self._refuse(_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Stop the clock."""
        self._stop_timer()
        self._in_head = False
        super().on_headers_complete()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(_TIMEOUT)

    def _refuse(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()
