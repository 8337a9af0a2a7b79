"""The transport whose times are the kernel's: plain sockets, httptools, no proxies."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httptools
import httpx

from contract.client.connection import Connection
from contract.client.kernel_clock import KernelClock
from contract.client.timeouts import Deadlines, Limits
from contract.client.transport import Portion, Response, Sent

# Bytes of a head, or between two portions of a body, that are read.
_MOST_OVERHEAD = 102_400
_PORTS = {"http": 80, "https": 443}
# RFC 9110, 5.5: what the value of a header must not contain, nor begin or end with.
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class StampedTransport:
    """
    Sends on plain sockets, and dates each portion by when the kernel received it.

    A busy program reads late; its stamps show that, and the kernel's do not. The
    portions of one read have the time of the last of them.

    Usage: `transport.open(request, transport.watch(limits, total_only=False))`, as
    `contract.client.transport.Transport` describes it.
    """

    def __init__(self, url: str, limits: Limits) -> None:
        """
        Open no connection yet.

        Args:
            url: Root of the API, `http://…` or `https://…`.
            limits: Of which `connect` bounds the connection and the handshake.
        """
        self.clock = KernelClock()
        self._within = limits.connect
        self._closed = False
        self._context: ssl.SSLContext | None = None
        if url.lower().startswith("https:"):
            # The authorities that httpx trusts, with SSL_CERT_FILE of the environment.
            self._context = httpx.create_ssl_context()
            self._context.set_alpn_protocols(["http/1.1"])

    def close(self) -> None:
        """Open no further connections."""
        self._closed = True
        self.clock.close()

    @staticmethod
    def watch(limits: Limits, *, total_only: bool) -> Deadlines:
        """Return deadlines without a thread: each wait is bounded where it is done."""
        return Deadlines(limits, total_only=total_only)

    @contextmanager
    def open(self, request: Sent, deadlines: Deadlines) -> Iterator[Response]:
        """Send *request* and yield its response, as soon as its head is there."""
        if self._closed:
            raise RuntimeError("the transport was closed")
        url = httpx.URL(request.url)
        if url.scheme not in _PORTS or not url.host:
            raise httpx.UnsupportedProtocol(
                "the URL has no http:// or https:// or host"
            )
        head = _head(request, url)
        host = url.raw_host.decode("ascii")
        port = url.port or _PORTS[url.scheme]
        with Connection(deadlines, self.clock) as connection:
            connection.open(host, port, self._within, self._context)
            deadlines.sending()
            # A server may answer, and leave, before it has read the whole request.
            with contextlib.suppress(ConnectionError):
                connection.send(head + request.body)
            deadlines.sent()
            reader = _Reader(connection, request.method)
            reader.read_head()
            yield Response(reader.status, tuple(reader.headers), reader.portions())


def _head(request: Sent, url: httpx.URL) -> bytes:
    """Return the request line and the headers, with those that httpx would add."""
    for name, value in request.headers:
        if not _NAME.fullmatch(name) or _FORBIDDEN.search(value):
            raise httpx.LocalProtocolError("Illegal header name or value")
    own = {name.lower() for name, _ in request.headers}
    added = [
        (b"Host", url.netloc),
        (b"Accept", b"*/*"),
        (b"Connection", b"keep-alive"),
    ]
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        added.append((b"Content-Length", b"%d" % len(request.body)))
    lines = [
        b"%b %b HTTP/1.1" % (request.method.encode("ascii"), url.raw_path),
        *(b"%b: %b" % pair for pair in added if pair[0].lower() not in own),
        *(b"%b: %b" % pair for pair in request.headers),
    ]
    return b"\r\n".join([*lines, b"", b""])


class _Reader:
    """Reads one response from a connection; what httptools calls while it parses."""

    def __init__(self, connection: Connection, method: str) -> None:
        self._connection = connection
        self._method = method
        self._parser = httptools.HttpResponseParser(self)
        self._has_head = self._complete = False
        # Of a body without an announced end, which the end of the connection ends.
        self._until_close = False
        self._body: list[bytes] = []
        self._at = 0.0
        self._error: httpx.RemoteProtocolError | None = None
        # Bytes since the last portion of the body.
        self._overhead = 0
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []

    def read_head(self) -> None:
        """
        Read until the head is complete.

        Raises `httpx.RemoteProtocolError` if what arrives is none.
        """
        while not self._has_head:
            data = self._receive()
            if not data:
                raise httpx.RemoteProtocolError(
                    "Server disconnected without sending a response."
                )
            self._feed(data)
            if self._error is not None and not self._has_head:
                raise self._error

    def portions(self) -> Iterator[Portion]:
        """
        Yield the body as it arrives.

        Raises `httpx.RemoteProtocolError` if it breaks off, or breaks the framing.
        """
        while True:
            portions, self._body = self._body, []
            at = self._at
            for portion in portions:
                yield portion, at
            # What was valid before it is kept.
            if self._error is not None:
                raise self._error
            if self._complete:
                return
            data = self._receive()
            if not data:
                if self._until_close:
                    return
                raise httpx.RemoteProtocolError(
                    "peer closed connection without sending complete message body"
                )
            self._feed(data)

    def _receive(self) -> bytes:
        data, self._at = self._connection.receive()
        return data

    def _feed(self, data: bytes) -> None:
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._complete = True
        except httptools.HttpParserError as error:
            # What follows the response belongs to nothing.
            if not self._complete:
                self._error = httpx.RemoteProtocolError(str(error))
        if self._body:
            self._overhead = 0
        elif self._overhead > _MOST_OVERHEAD and not self._complete:
            self._error = httpx.RemoteProtocolError("too much data without a body")

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Take a header, or a trailer, which is ignored."""
        if self._has_head:
            return
        value = (value or b"").strip(b" \t")
        if name.lower() == b"transfer-encoding":
            value = value.lower()  # as httpx gives it
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the status, and find out what ends the body."""
        status = self._parser.get_status_code()
        if status < HTTPStatus.OK and status != HTTPStatus.SWITCHING_PROTOCOLS:
            return
        self._has_head = True
        self.status = status
        # RFC 9112, 6.3.
        if self._method == "HEAD" or status in _BODILESS:
            self._complete = True
            return
        known = {name.lower(): value.lower() for name, value in self.headers}
        chunked = known.get(b"transfer-encoding", b"").endswith(b"chunked")
        self._until_close = not chunked and (
            b"transfer-encoding" in known or b"content-length" not in known
        )

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if not self._complete:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Note that the response has ended, or that a provisional one has."""
        if self._has_head:
            self._complete = True
        else:
            self.headers.clear()
