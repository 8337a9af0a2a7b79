"""The server's side of a relay: reads a response, and writes it to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import httptools

from contract.proxying import limits
from contract.proxying.heads import END, Head, length_of
from contract.proxying.passing import Passing

if TYPE_CHECKING:
    from contract.proxying.relay import Client

_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class Upstream(asyncio.Protocol):
    """The connection to the server that belongs to one of a client."""

    transport: asyncio.Transport

    def __init__(self, client: Client) -> None:
        self._client: Client | None = client
        self._exchange: Passing | None = None
        self._waiting = b""
        self._clock = client.relay.clock
        self._relay = client.relay
        self._parser: Any = None
        # Bytes of the body that are missing; None where something else ends it.
        self._left: int | None = None
        self._persists = True
        self._at = 0.0
        # Pieces of the body for a client of HTTP/1.0, which knows no chunks.
        self._unchunked: list[bytes] | None = None
        self._done = self._reset = False
        self._write: Callable[[bytes], None] = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self.transport = cast("asyncio.Transport", transport)

    def expect(self, exchange: Passing) -> None:
        """Read the response to *exchange* next."""
        self._exchange = exchange
        self._done = False
        self._parser = self._left = self._unchunked = None
        if self._client is not None:
            self._write = self._client.transport.write

    def leave(self) -> None:
        """Break the connection: it is not needed any more."""
        self._client = None
        if getattr(self, "transport", None) is not None:
            self.transport.abort()

    def pause(self) -> None:
        """Read nothing more for now."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """Let the client wait until the server has read."""
        if self._client is not None:
            self._client.pause("upstream")

    def resume_writing(self) -> None:
        """Read from the client again."""
        if self._client is not None:
            self._client.resume("upstream")

    def data_received(self, data: bytes) -> None:
        """Write bytes of a response to the client, then note them."""
        exchange, client = self._exchange, self._client
        if exchange is None or client is None:
            self._close_idle()
            return
        if exchange.status is None:
            self._at = self._clock()
            self._waiting += data
            self._read_head(exchange, client)
            return
        if self._unchunked is None:
            self._write(data)
        self._at = now = self._clock()
        client.deadline = now + limits.SILENCE
        self._note(exchange, client, data)

    def _read_head(self, exchange: Passing, client: Client) -> None:
        while exchange.status is None:
            raw, end, rest = self._waiting.partition(END)
            begins = b"HTTP/1."[: len(raw)] == raw[: len(b"HTTP/1.")]
            if not begins or len(raw) > limits.MOST_HEAD:
                what = "is too long" if begins else "is not HTTP"
                client.garbled(f"the head of its response {what}")
                return
            if not end:
                return
            head = Head.read(raw + END)
            status = head.status
            if not status or status == HTTPStatus.SWITCHING_PROTOCOLS:
                client.garbled("the head of its response is not HTTP")
                return
            self._waiting = rest
            if status < HTTPStatus.OK:
                if exchange.version != "1.0":
                    client.transport.write(raw + END)
                continue
            exchange.status, exchange.response_head = status, head
            self._begin(exchange, client, head, rest)

    def _begin(
        self, exchange: Passing, client: Client, head: Head, rest: bytes
    ) -> None:
        """Write the head to the client, with what has come of the body."""
        self._waiting = b""
        bodiless = exchange.method == "HEAD" or exchange.status in _BODILESS
        length = head.value(b"content-length")
        coded = head.value(b"transfer-encoding") is not None
        version = "1.0" if head.first.startswith(b"HTTP/1.0") else "1.1"
        self._persists = head.persists(version)
        chunked = head.chunked and not bodiless
        if chunked:
            self._parser = httptools.HttpResponseParser(self)
            if exchange.version == "1.0":
                self._unchunked = []
        elif bodiless:
            self._left = 0
        elif (size := length_of(length)) is not None and not coded:
            self._left = size
        else:
            self._persists = False
        if self._unchunked is not None:
            self._persists = False
        first = head.response(
            persists=self._persists and exchange.persists,
            whole_chunks=self._unchunked is None,
        )
        self._write(first if self._unchunked is not None else first + rest)
        client.deadline = self._at + limits.SILENCE
        if chunked:
            # How the rest is parsed depends on the head.
            self._feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        if rest or self._left == 0:
            self._note(exchange, client, rest)

    def _note(self, exchange: Passing, client: Client, data: bytes) -> None:
        """Take note of *data*, which was written to the client."""
        if self._parser is not None:
            self._feed(data)
            if self._unchunked:
                self._write(b"".join(self._unchunked))
                self._unchunked.clear()
        elif self._left is None:
            self._keep(exchange, data)
        else:
            if self._left:
                self._keep(exchange, data[: self._left])
            extra = len(data) > self._left
            self._left -= min(len(data), self._left)
            if extra:
                self._persists = False
            self._done = not self._left
        if self._done:
            self._finish(client)

    def _finish(self, client: Client) -> None:
        self._exchange = None
        client.answered(persists=self._persists)

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            # The client has it as it is; its end is that of the connection.
            self._parser, self._left = None, None
            self._persists = False
            if not self._done:
                self._broken_framing = True

    _broken_framing = False

    def on_body(self, data: bytes) -> None:
        """Take a part of a body that is divided into chunks."""
        if self._exchange is not None and not self._done:
            self._keep(self._exchange, data)
            if self._unchunked is not None:
                self._unchunked.append(data)

    def on_message_complete(self) -> None:
        """Note that the last chunk has come."""
        self._done = True

    def _keep(self, exchange: Passing, data: bytes) -> None:
        if self._relay.keep(exchange, len(data)):
            exchange.times.append(self._at)
            exchange.pieces.append(data)

    def _close_idle(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            client.transport.close()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the response, or break it, as the server did."""
        client, exchange = self._client, self._exchange
        self._client = None
        if client is None:
            return
        client.upstream = None
        if exchange is None:
            client.transport.close()
            return
        reset = isinstance(exc, ConnectionResetError)
        if exchange.status is None:
            if self._waiting:
                client.transport.write(self._waiting)
            client.broken("the connection was closed before the response", reset=reset)
            return
        by_close = self._parser is None and self._left is None
        if by_close and exc is None and not self._broken_framing:
            self._persists = False
            self._finish(client)
            return
        note = "the connection was closed in the middle of the response"
        if self._broken_framing:
            note = "the response continues with bytes that are not HTTP"
        client.broken(note, reset=reset)
