"""How long, and how much, one exchange may take; and what cuts it off."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Upper bounds of one exchange: seconds, and bytes of the response body.

    `first_byte` runs until the first byte of the body, because servers send the
    head of a stream before they have read the prompt. A whole (not streamed) chat
    answer says nothing until it is finished, so only `total` bounds it.
    """

    connect: float = 5.0
    first_byte: float = 120.0
    between: float = 30.0
    total: float = 300.0
    max_bytes: int = 64 * 2**20


class Watchdog:
    """
    Watches one exchange from its own thread and breaks a wait that lasts too long.

    A read timeout restarts with every byte, so a server that sends one byte a minute
    would never hit it; closing the connection at a moment does. `trace` is what
    httpx tells about the connection (its `trace` extension). `started` is when the
    request itself was sent, so that connecting does not count as the provider's
    latency.
    """

    def __init__(self, limits: Limits, *, patient: bool) -> None:
        self._limits = limits
        self._patient = patient
        self._changed = threading.Condition()
        self._over = False
        self._socket: socket.socket | None = None
        self._until = 0.0
        self._wait = ""
        self._end = 0.0
        self.started = 0.0
        self.fired = ""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        self._end = self.started + self._limits.total
        self._until = self._end
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._thread.join()

    @property
    def connected(self) -> bool:
        """Whether somebody accepted the connection; TLS may still be to come."""
        return self._socket is not None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn the socket when it connects, the start when the request goes out."""
        if event == "connection.connect_tcp.complete":
            with self._changed:
                self._socket = info["return_value"].get_extra_info("socket")
                if self.fired:
                    self._break()
        elif event == "http11.send_request_headers.started":
            self.started = time.perf_counter()
            self._end = self.started + self._limits.total
            self._expect(self._limits.total, "the end")
        elif event == "http11.send_request_body.complete" and not self._patient:
            self._expect(self._limits.first_byte, "the first byte")

    def arrived(self) -> float:
        """Seconds since the start, now that bytes arrived; the next wait begins."""
        now = time.perf_counter()
        # The thread looks again when the old bound runs out, so only a bound that
        # comes closer has to wake it.
        sooner = self._wait != "the next byte"
        self._wait = "the next byte"
        self._until = min(now + self._limits.between, self._end)
        if sooner:
            with self._changed:
                self._changed.notify()
        return now - self.started

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    def stop(self) -> str:
        """End the watch; the words for the wait that it broke, or nothing."""
        with self._changed:
            self._over = True
            self._changed.notify()
            return self.fired

    def cut(self, why: str) -> None:
        """Break the connection now."""
        with self._changed:
            if not self._over and not self.fired:
                self.fired = why
                self._break()
                self._changed.notify()

    def _expect(self, seconds: float, what: str) -> None:
        with self._changed:
            self._wait = what
            self._until = min(time.perf_counter() + seconds, self._end)
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not (self._over or self.fired):
                left = self._until - time.perf_counter()
                if left > 0:
                    self._changed.wait(left)
                else:
                    self.fired = self._words()
                    self._break()

    def _words(self) -> str:
        if self._until >= self._end:
            return f"the response was not complete after {self._limits.total:g} s"
        if self._wait == "the first byte":
            return f"no byte of the body came within {self._limits.first_byte:g} s"
        return f"nothing more came for {self._limits.between:g} s"

    def _break(self) -> None:
        if self._socket is not None:
            # The plain socket's method: TLS may be in the middle of a read.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
