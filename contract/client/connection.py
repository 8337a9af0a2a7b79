"""
A connection of plain sockets, whose reads have the time at which the bytes arrived.

Every wait is bounded by the deadlines of the exchange, in the thread that reads. So it
works in threads and, once gevent has patched `socket`, in greenlets.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from types import TracebackType
from typing import Self

import httpx

from contract.client.kernel_clock import ROOM, KernelClock
from contract.client.timeouts import Deadlines

READ = 65_536  # bytes of one read
_WRITE = 262_144  # bytes that are encrypted at a time


class Connection:
    """
    One TCP connection to a server, with TLS or without.

    Usage: `with Connection(deadlines, clock) as connection: connection.open(host, port,
    5.0)`, then `send` and `receive`. Failures are those of httpx, as
    `contract.client.recorder.failure` expects them, and `OSError` once it is open.
    """

    def __init__(self, deadlines: Deadlines, clock: KernelClock) -> None:
        """Open nothing yet; *deadlines* bound each wait once it is open."""
        self._deadlines = deadlines
        self._clock = clock
        self._socket: socket.socket | None = None
        self._timeout = 0.0
        self._tls: ssl.SSLObject | None = None
        # What was received and is to be decrypted, and what was encrypted to be sent.
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        # When the last bytes arrived, in seconds of `time.perf_counter`.
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket, without waiting."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()

    def open(
        self, host: str, port: int, within: float, context: ssl.SSLContext | None = None
    ) -> None:
        """
        Connect, and finish the TLS handshake.

        Args:
            host: Name or address of the server.
            port: Its port.
            within: Seconds for each address to accept the connection, and for the
                handshake.
            context: Settings of TLS; None speaks plain HTTP.

        Raises `httpx.ConnectTimeout` or `httpx.ConnectError`, caused by what the socket
        or TLS raised.
        """
        try:
            opened = socket.create_connection((host, port), timeout=within)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error
        self._socket, self._timeout = opened, within
        self._deadlines.attach(opened)
        with contextlib.suppress(OSError):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clock.enable(opened)
        if context is not None:
            self._shake_hands(opened, host, context, within)

    def _shake_hands(
        self,
        opened: socket.socket,
        host: str,
        context: ssl.SSLContext,
        within: float,
    ) -> None:
        deadline = self._deadlines.elapsed() + within
        try:
            tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
            while True:
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    self._set_timeout(deadline - self._deadlines.elapsed())
                    opened.sendall(self._outgoing.read())
                    self._incoming_from(opened.recv(READ))
                else:
                    break
            opened.sendall(self._outgoing.read())
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (OSError, ValueError) as error:
            # An alert says to the server why it is left.
            with contextlib.suppress(OSError):
                opened.sendall(self._outgoing.read())
            raise httpx.ConnectError(str(error)) from error
        self._tls = tls

    def send(self, data: bytes) -> None:
        """
        Send *data*; raises `OSError` if the server does not take it.

        Raises `httpx.WriteTimeout` if a deadline is over before.
        """
        if self._tls is None:
            self._send(data)
            return
        for start in range(0, len(data), _WRITE):
            self._tls.write(memoryview(data)[start : start + _WRITE])
            self._send(self._outgoing.read())

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            raise OSError("the connection is not open")
        left = self._deadlines.left()
        if left > 0:
            self._set_timeout(left)
            try:
                self._socket.sendall(data)
            except TimeoutError:
                pass
            else:
                return
        self._deadlines.expire()
        raise httpx.WriteTimeout("the server does not read")

    def receive(self) -> tuple[bytes, float]:
        """
        Wait for bytes; return them and when the last of them arrived.

        The time is in seconds of `time.perf_counter`. No bytes: the server ended the
        connection. Raises `httpx.ReadTimeout` if a deadline is over before, and
        `OSError` if the connection breaks.
        """
        while True:
            data, at = self._received()
            if self._tls is None or not data:
                return data, at
            self._incoming_from(data)
            plain = self._decrypted(self._tls)
            if plain is not None:
                return plain, at

    def _received(self) -> tuple[bytes, float]:
        """Wait for bytes as they are on the wire."""
        if self._socket is None:
            raise OSError("the connection is not open")
        while (left := self._deadlines.left()) > 0:
            # Setting it costs a system call, so it may be too short; then the rest of
            # the time is waited for as well.
            if not left / 2 <= self._timeout <= left:
                self._set_timeout(0.75 * left)
            try:
                data, messages, _, _ = self._socket.recvmsg(READ, ROOM)
            except TimeoutError:
                continue
            earliest = max(self._last, self._deadlines.started)
            self._last = self._clock.arrival(messages, earliest)
            return data, self._last
        self._deadlines.expire()
        raise httpx.ReadTimeout("the deadline is over")

    def _decrypted(self, tls: ssl.SSLObject) -> bytes | None:
        """Return what was received, b"" at its end, None if more has to arrive."""
        parts: list[bytes] = []
        ended = False
        try:
            while part := tls.read(READ):
                parts.append(part)
            ended = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            ended = True
        # The answer to a change of keys.
        if reply := self._outgoing.read():
            self._send(reply)
        plain = b"".join(parts)
        return plain if plain or ended else None

    def _incoming_from(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _set_timeout(self, seconds: float) -> None:
        if self._socket is not None:
            self._timeout = max(seconds, 0.001)
            self._socket.settimeout(self._timeout)
