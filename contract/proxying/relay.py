"""
The relay between clients and one server: bytes as they come, and a note of each.

Each connection of a client has one connection to the server, opened with its first
request and closed with it, so that keep-alive, closes and resets mean on one side what
they mean on the other. The body of a response is written to the client before anything
is noted about it. Protocols and callbacks instead of coroutines: a task for each event
costs more than the event.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import struct
import time
from array import array
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from urllib.parse import unquote, urlsplit

import httptools
import httpx

from contract.client.recorder import failure
from contract.mock_server.hosts import is_local_host
from contract.model.exchange import End
from contract.proxying import limits
from contract.proxying.heads import END, Head, length_of, origin_form
from contract.proxying.passed import Passed
from contract.proxying.passing import Passing
from contract.proxying.tunnel import Tunnel, TunnelError
from contract.proxying.upstream import Upstream

MESSAGE = "@@message@@"
_LINGER = 1.0  # seconds that a client has to read an answer before its end
_PORTS = {"http": 80, "https": 443}
_STOPPED = "the proxy was stopped"
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where and how a relay sends requests on."""

    # Root of the API, `https://host:port/prefix`, without `/v1`.
    url: str
    # `http://user:password@host:port` of a proxy in between; None for none.
    proxy: str | None = None
    # Fields that each request gets unless it has them.
    headers: Sequence[tuple[str, str]] = ()
    # Names that a Host field may have beside local ones; None accepts any name.
    hosts: Sequence[str] | None = ()
    # What this relay calls itself in Via; a request that has it came from here.
    name: str
    # Status, content type and body of the errors that it answers itself, by reason;
    # MESSAGE in the body is replaced.
    answers: Mapping[str, tuple[int, str, str]]


class _Over(NamedTuple):
    """An exchange that has ended, and what was true then."""

    exchange: Passing
    end: End
    note: str
    # When it ended, by the clock of the relay.
    at: float
    # Portions of the response that had come.
    portions: int


class Relay:
    """
    Relays to one server, and hands over what passed.

    Usage: `relay = Relay(settings, hand_over)`, then
    `await loop.create_server(relay.client, sock=listener)`; `relay.stop()` ends it.
    """

    def __init__(
        self,
        settings: Settings,
        hand_over: Callable[[Passed], None],
        *,
        waiting: Callable[[], int] = lambda: 0,
        clock: Clock = time.perf_counter,
    ) -> None:
        """
        Open no connection yet.

        Args:
            settings: Where to send requests.
            hand_over: Called with each exchange when it has ended.
            waiting: Returns the bytes that were handed over and not taken yet.
            clock: Returns seconds.
        """
        self.settings = settings
        self.clients: set[Client] = set()
        self.clock = clock
        self.held = 0
        self._hand_over, self._waiting = hand_over, waiting
        self._numbers = 0
        parts = urlsplit(settings.url)
        self._tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self.prefix = parts.path.rstrip("/").encode()
        self.authority = parts.netloc.encode()
        self.via = f"1.1 {settings.name}".encode()
        self.added = [(n.encode(), v.encode()) for n, v in settings.headers]
        self._proxy = None if settings.proxy is None else urlsplit(settings.proxy)
        self._context: ssl.SSLContext | None = None
        if self._tls or (self._proxy is not None and self._proxy.scheme == "https"):
            # The authorities that httpx trusts, with SSL_CERT_FILE of the environment.
            self._context = httpx.create_ssl_context()
            self._context.set_alpn_protocols(["http/1.1"])
        if self._proxy is not None and not self._tls:
            # To a proxy, a request without TLS names the whole URL (RFC 9112, 3.2.2).
            self.prefix = b"http://" + self.authority + self.prefix
            if credentials := self._credentials():
                self.added.append((b"Proxy-Authorization", credentials))
        self.stopping = False
        self._timer: asyncio.TimerHandle | None = None
        # What has ended and is not handed over yet.
        self._over: deque[_Over] = deque()

    def client(self) -> Client:
        """Return the protocol of a new connection."""
        if self._timer is None:
            self._tick()
        return Client(self)

    def number(self) -> int:
        """Return the number of the next request."""
        self._numbers += 1
        return self._numbers

    def stop(self) -> None:
        """Break all connections; what was in progress is handed over as it is."""
        self.stopping = True
        if self._timer is not None:
            self._timer.cancel()
        for client in tuple(self.clients):
            client.stop()

    def _tick(self) -> None:
        now = self.clock()
        for client in tuple(self.clients):
            if client.deadline < now:
                client.expire()
        self._timer = asyncio.get_running_loop().call_later(limits.TICK, self._tick)

    def keep(self, exchange: Passing, size: int) -> bool:
        """Return whether *size* further bytes of *exchange* can be kept."""
        if exchange.lost:
            return False
        if (
            exchange.size + size > limits.MOST_BODY
            or len(exchange.pieces) >= limits.MOST_PORTIONS
        ):
            self.held -= exchange.drop(
                f"a body is larger than {limits.MOST_BODY >> 20} MiB"
            )
            return False
        if self.held + size + self._waiting() > limits.MOST_HELD:
            self.held -= exchange.drop("too much passed at once to be kept")
            return False
        exchange.size += size
        self.held += size
        return True

    def ended(self, exchange: Passing, end: End, note: str) -> None:
        """
        Hand over *exchange* soon, in the order of the calls.

        Streams that began together end together. One is handed over in each step of the
        loop, so that the events of the others pass in between.
        """
        if not self._over:
            asyncio.get_running_loop().call_soon(self._hand_over_one)
        portions = len(exchange.pieces)
        self._over.append(_Over(exchange, end, note, self.clock(), portions))

    def flush(self) -> None:
        """Hand over all that has ended."""
        while self._over:
            self._pass_on(self._over.popleft())

    def _hand_over_one(self) -> None:
        if self._over:
            self._pass_on(self._over.popleft())
        if self._over:
            asyncio.get_running_loop().call_soon(self._hand_over_one)

    def _pass_on(self, over: _Over) -> None:
        exchange = over.exchange
        pieces = exchange.pieces[: over.portions]
        self.held -= exchange.size
        head = exchange.response_head
        sent = exchange.sent or over.at
        self._hand_over(
            Passed(
                number=exchange.number,
                method=exchange.method,
                path=exchange.path,
                headers=_text(exchange.head),
                body=b"".join(exchange.parts),
                sends=[(at - sent, size) for at, size in exchange.sends],
                status=exchange.status,
                response_headers=[] if head is None else _text(head),
                times=array("d", (at - sent for at in exchange.times[: over.portions])),
                sizes=array("Q", map(len, pieces)),
                response=b"".join(pieces),
                end=over.end,
                note=over.note,
                elapsed=max(over.at - sent, 0.0),
                connecting=exchange.connecting,
                sent_at=exchange.sent_at or time.time(),
                lost=exchange.lost,
            )
        )

    def _credentials(self) -> bytes | None:
        proxy = self._proxy
        if proxy is None or proxy.username is None:
            return None
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        return b"Basic " + base64.b64encode(pair.encode())

    async def connect(self, client: Client) -> Upstream:
        """
        Return a connection to the server for *client*.

        Raises what `reason` takes.
        """
        async with asyncio.timeout(limits.CONNECT_TIMEOUT):
            return await self._connect(client)

    async def _connect(self, client: Client) -> Upstream:
        loop = asyncio.get_running_loop()
        upstream = Upstream(client)
        if self._proxy is None:
            await loop.create_connection(
                lambda: upstream,
                self._host,
                self._port,
                ssl=self._context,
                server_hostname=self._host if self._tls else None,
            )
            return upstream
        proxy = self._proxy
        secure = proxy.scheme == "https"
        port = proxy.port or _PORTS[proxy.scheme]
        # The first protocol only reads the answer of the proxy to CONNECT.
        tunnel = Tunnel() if self._tls else None
        transport, _ = await loop.create_connection(
            lambda: cast("asyncio.Protocol", tunnel or upstream),
            proxy.hostname or "",
            port,
            ssl=self._context if secure else None,
            server_hostname=proxy.hostname if secure else None,
        )
        if tunnel is None:
            return upstream
        try:
            await tunnel.open(f"{self._host}:{self._port}", self._credentials())
            started = await loop.start_tls(
                transport,
                upstream,
                self._context or ssl.create_default_context(),
                server_hostname=self._host,
            )
        except BaseException:
            transport.abort()
            raise
        if started is None:
            raise ConnectionResetError("the proxy closed the connection")
        upstream.connection_made(started)
        return upstream

    def reason(self, error: BaseException) -> tuple[End, str]:
        """Return how an exchange ended whose connection failed with *error*."""
        proxy = "" if self._proxy is None else f"{self._proxy.hostname}"
        if isinstance(error, TunnelError):
            known: Exception = httpx.ProxyError(str(error))
        elif isinstance(error, TimeoutError):
            known = httpx.ConnectTimeout(str(error))
        else:
            known = httpx.ConnectError(str(error))
        known.__cause__ = error
        return failure(
            known, self.settings.url, answered=False, connected=False, proxy=proxy
        )

    def answer(self, reason: str, message: str) -> bytes:
        """Return the error that is answered for *reason*, with *message* in it."""
        status, kind, body = self.settings.answers[reason]
        sentence = json.dumps(message, ensure_ascii=False)[1:-1]
        raw = body.replace(MESSAGE, sentence).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(raw)}\r\n"
            "Connection: close\r\n\r\n"
        )
        return head.encode() + raw


def _text(head: Head) -> list[tuple[str, str]]:
    return [(n.decode("latin-1"), v.decode("latin-1")) for n, v in head.fields]


class Client(asyncio.Protocol):
    """One connection of a client, and the requests that come on it."""

    transport: asyncio.Transport

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.upstream: Upstream | None = None
        self.exchange: Passing | None = None
        self.deadline = relay.clock() + limits.HEAD_TIMEOUT
        self._waiting = b""
        self._parser: Any = None
        self._opening: asyncio.Task[None] | None = None
        self._leaving = self._left = self._half = False
        self._in_head = False
        self._paused: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there are not too many."""
        self.transport = cast("asyncio.Transport", transport)
        self.relay.clients.add(self)
        if len(self.relay.clients) > limits.MOST_CLIENTS:
            self.refuse("full", "The proxy has too many connections; close some.")

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        if self._leaving:
            return
        exchange = self.exchange
        if exchange is not None and not exchange.sent_all and self.upstream is not None:
            self._send_body(data)
            return
        self._waiting += data
        if exchange is None:
            self._read_head()
        elif len(self._waiting) > limits.MOST_AHEAD:
            self.pause("ahead")

    def eof_received(self) -> bool | None:
        """Pass on that the client will send no more: mostly, that it hung up."""
        self._half = True
        exchange, upstream = self.exchange, self.upstream
        if exchange is None or upstream is None or not exchange.sent_all:
            return None
        if not upstream.transport.can_write_eof():
            return None
        try:
            upstream.transport.write_eof()
        except (OSError, RuntimeError):
            return None
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Break the connection to the server: the response is not read any more."""
        self._left = self._leaving = True
        self.relay.clients.discard(self)
        if self._opening is not None:
            self._opening.cancel()
        upstream, self.upstream = self.upstream, None
        if self.exchange is not None:
            gone = _STOPPED if self.relay.stopping else "the client hung up"
            self._end(End.LEFT, gone)
        if upstream is not None:
            upstream.leave()

    def pause_writing(self) -> None:
        """Let the server wait until the client has read."""
        if self.upstream is not None:
            self.upstream.pause()

    def resume_writing(self) -> None:
        """Read from the server again."""
        if self.upstream is not None:
            self.upstream.resume()

    def pause(self, why: str) -> None:
        """Read nothing more from the client for now."""
        if not self._paused and not self._left:
            self.transport.pause_reading()
        self._paused.add(why)

    def resume(self, why: str) -> None:
        """Read from the client again, unless there is another reason not to."""
        if why in self._paused:
            self._paused.discard(why)
            if not self._paused and not self._left:
                self.transport.resume_reading()

    def expire(self) -> None:
        """End what takes too long."""
        if self._leaving:
            self.transport.abort()
        elif self.exchange is None:
            if self._waiting:
                self.refuse("late", "The request head came too slowly.")
            else:
                self._close()
        else:
            note = f"no byte passed for {limits.SILENCE:g} s"
            if self.exchange.status is None:
                self._end(End.TIMEOUT, note)
                self.refuse("slow", f"The upstream did not answer: {note}.")
            else:
                self._end(End.TIMEOUT, note)
                self.transport.abort()

    def stop(self) -> None:
        """Break the connection, because the proxy is stopped."""
        self.transport.abort()

    # ---- requests --------------------------------------------------------------

    def _read_head(self) -> None:
        """Begin the next request, once its head is there."""
        # RFC 9112, 2.2: empty lines before a request are ignored.
        waiting = self._waiting.lstrip(b"\r\n") if not self._in_head else self._waiting
        if waiting and not self._in_head:
            self._in_head = True
            self.deadline = self.relay.clock() + limits.HEAD_TIMEOUT
        raw, end, rest = waiting.partition(END)
        if len(raw) > limits.MOST_HEAD:
            self._waiting = b""
            self.refuse("large", "The request head is too large.")
            return
        if not end:
            self._waiting = waiting
            return
        self._waiting, self._in_head = rest, False
        self.deadline = self.relay.clock() + limits.SILENCE
        self._begin(Head.read(raw + END))

    def _begin(self, head: Head) -> None:
        relay = self.relay
        method, _, others = head.first.partition(b" ")
        target, _, version = others.rpartition(b" ")
        if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not target:
            self.refuse("malformed", "The request line is not one of HTTP/1.1.")
            return
        path = origin_form(target)
        hosts, host = (
            relay.settings.hosts,
            (head.value(b"host") or b"").decode("latin-1"),
        )
        if hosts is not None and not is_local_host(host, hosts):
            self.refuse(
                "host",
                f"This proxy is not {host[:80]!r}; if it is, start it with "
                "--allow-host NAME.",
            )
            return
        names = [value for name, value in head.fields if name == b"via"]
        if any(relay.settings.name.encode() in value for value in names):
            self.refuse("loop", "The upstream of this proxy is the proxy itself.")
            return
        if method == b"CONNECT":
            self.refuse("method", "This proxy opens no tunnels; send it the request.")
            return
        exchange = Passing(
            relay.number(), head, method.decode("latin-1"), path.decode("latin-1")
        )
        exchange.persists = exchange.persists and not relay.stopping
        raw = head.request(
            method=method,
            target=relay.prefix + path if path.startswith(b"/") else path,
            host=relay.authority,
            via=relay.via,
            added=relay.added,
            persists=exchange.persists,
        )
        self._parser = httptools.HttpRequestParser(self)
        self.exchange = exchange
        length = head.value(b"content-length")
        exchange.left = None if head.chunked else length_of(length) or 0
        try:
            self._parser.feed_data(raw)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            self.exchange = None
            self.refuse("malformed", f"The request is not HTTP/1.1 ({error}).")
            return
        self._raw = raw
        if self.upstream is None:
            self.pause("opening")
            self._opening = asyncio.get_running_loop().create_task(self._open())
        else:
            self._send_head()

    async def _open(self) -> None:
        """Connect to the server, then send the request on."""
        exchange = self.exchange
        began = self.relay.clock()
        try:
            upstream = await self.relay.connect(self)
        except (OSError, TimeoutError, ValueError, ssl.SSLError) as error:
            self._opening = None
            if self._left or exchange is None:
                return
            end, note = self.relay.reason(error)
            self._end(end, note)
            self.resume("opening")
            late = end is End.TIMEOUT
            self.refuse(
                "slow" if late else "away",
                f"The upstream {self.relay.settings.url} cannot be reached: {note}.",
            )
            return
        self._opening = None
        if self._left or exchange is None:
            upstream.leave()
            return
        exchange.connecting = self.relay.clock() - began
        self.upstream = upstream
        self._send_head()
        self.resume("opening")

    def _send_head(self) -> None:
        exchange, upstream = self.exchange, self.upstream
        if exchange is None or upstream is None:
            return
        upstream.expect(exchange)
        exchange.sent, exchange.sent_at = self.relay.clock(), time.time()
        rest, self._waiting = self._waiting, b""
        if exchange.sent_all or exchange.left is None or not rest:
            upstream.transport.write(self._raw)
            if not exchange.sent_all and rest:
                self._send_body(rest)
            else:
                self._waiting = rest
            return
        # Head and body in one write, as most clients send them.
        first, self._waiting = rest[: exchange.left], rest[exchange.left :]
        self._send_body(first, before=self._raw)

    def _send_body(self, data: bytes, before: bytes = b"") -> None:
        """Send a part of the body on."""
        exchange, upstream = self.exchange, self.upstream
        if exchange is None or upstream is None:
            return
        self.deadline = self.relay.clock() + limits.SILENCE
        if exchange.left is not None:
            part, extra = data[: exchange.left], data[exchange.left :]
            exchange.left -= len(part)
            upstream.transport.write(before + part if before else part)
            self._waiting += extra
        else:
            part = data
        try:
            self._parser.feed_data(part)
        except httptools.HttpParserError:
            # What follows belongs to nothing that could be sent on.
            exchange.sent_all = True
            exchange.persists = False
            upstream.transport.write_eof() if upstream.transport.can_write_eof() else (
                upstream.transport.close()
            )

    def on_message_begin(self) -> None:
        """Note that a request follows in the same bytes as the end of another."""
        if self.exchange is not None and self.exchange.sent_all:
            self.exchange.persists = False

    def on_body(self, data: bytes) -> None:
        """Take a part of the body, without its transfer coding."""
        exchange, upstream = self.exchange, self.upstream
        if exchange is None or exchange.sent_all:
            return
        exchange.sends.append((self.relay.clock(), len(data)))
        if self.relay.keep(exchange, len(data)):
            exchange.parts.append(data)
        if exchange.left is None and upstream is not None:
            upstream.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def on_message_complete(self) -> None:
        """Note that the whole request was read."""
        exchange = self.exchange
        if exchange is None or exchange.sent_all:
            return
        exchange.sent_all = True
        if exchange.left is None and self.upstream is not None:
            self.upstream.transport.write(b"0\r\n\r\n")

    # ---- responses -------------------------------------------------------------

    def refuse(self, reason: str, message: str) -> None:
        """Answer with an error, and close the connection once it was read."""
        if self._left or self._leaving:
            return
        self._leaving = True
        self.transport.write(self.relay.answer(reason, message))
        self._shut(abruptly=False)

    def _shut(self, *, abruptly: bool) -> None:
        """Close the connection: what is written arrives, and what comes is ignored."""
        self.deadline = self.relay.clock() + _LINGER
        if self.upstream is not None:
            upstream, self.upstream = self.upstream, None
            upstream.leave()
        if abruptly:
            _reset(self.transport, 100)
        elif self.transport.can_write_eof():
            try:
                self.transport.write_eof()
            except (OSError, RuntimeError):
                self.transport.abort()
        else:
            self.transport.close()

    def _close(self) -> None:
        self._leaving = True
        if self.upstream is not None:
            upstream, self.upstream = self.upstream, None
            upstream.leave()
        self.transport.close()

    def _end(self, end: End, note: str) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            self.relay.ended(exchange, end, note)

    def answered(self, *, persists: bool) -> None:
        """Go on with the next request: the response was written as a whole."""
        exchange = self.exchange
        if exchange is None:
            return
        whole = exchange.sent_all
        persists = persists and exchange.persists and whole and not self._half
        self._end(End.COMPLETE, "")
        if not persists:
            if whole:
                self._close()
            else:
                self._leaving = True
                self._shut(abruptly=False)
            return
        self.deadline = self.relay.clock() + limits.IDLE_TIMEOUT
        self.resume("ahead")
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        if self.exchange is None and not self._leaving:
            self._read_head()

    def broken(self, note: str, *, reset: bool) -> None:
        """End as the server did: with a close, or with a reset."""
        end = End.LEFT if self._half else End.RESET
        self._end(end, "the client hung up" if self._half else note)
        self._leaving = True
        if reset:
            self._shut(abruptly=True)
        else:
            self._close()

    def garbled(self, note: str) -> None:
        """End an exchange whose response does not begin as HTTP."""
        self._end(End.RESET, note)
        self.refuse("garbled", f"The upstream {self.relay.settings.url}: {note}.")


def _reset(transport: asyncio.Transport, attempts: int) -> None:
    """Reset the connection of *transport*, once what was written has left."""
    if transport.is_closing():
        return
    if attempts and transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(0.001, _reset, transport, attempts - 1)
        return
    peer = transport.get_extra_info("socket")
    if peer is not None:
        # Lingering for 0 seconds turns the close into a reset.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
