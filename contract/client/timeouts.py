"""Bounds of one exchange in time and size, and what enforces them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

# Seconds that a run waits for rate limits by default; not part of any exchange.
RETRY_BUDGET = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one exchange: times in seconds, the size in bytes."""

    # Until the TCP connection and the TLS handshake are complete.
    connect: float = 5.0
    # Until the first byte of the body: servers send the headers of a stream before
    # they process the prompt. A chat response that is not streamed has no bytes to
    # send until generation ends, so only `total` applies to it.
    # Comments of a stream show that the server works, not that it advances: while
    # they arrive, the next event may take this long as well, but not longer.
    first_byte: float = 120.0
    # Between two arrivals of the body.
    between: float = 30.0
    # From sending the request to the last byte.
    total: float = 300.0
    # Size of the response body.
    max_bytes: int = 64 * 2**20
    # Portions in which the body arrives; each takes some memory, whatever its size.
    max_arrivals: int = 2**20


class Deadlines:
    """
    The deadlines of one exchange, for a reader that bounds each of its own waits.

    The reader waits at most `left()` seconds, and calls `expire` when that is 0.
    `started` is when the request itself was sent (seconds of `time.perf_counter`), so
    that connecting does not count as latency of the server. `reason` describes the
    timeout that broke the connection; it is empty if none did. `left_open` is whether
    that was the one of `expect_close`.

    Usage: `with Deadlines(Limits(), total_only=False) as deadlines: ...`.
    """

    def __init__(self, limits: Limits, *, total_only: bool) -> None:
        """With *total_only*, only `limits.total` applies until the first byte."""
        self._limits = limits
        self._total_only = total_only
        # Taken by itself: an interrupt may leave a condition taken, never a plain lock.
        self._lock = threading.RLock()
        self._done = False
        self._socket: socket.socket | None = None
        self._deadline = 0.0
        self._awaited = ""
        self._end = 0.0
        # When an event must have arrived, if only comments do, and that wait.
        self._event_due = 0.0
        self._event_wait = limits.first_byte
        self._progressed = False
        self.left_open = False
        self.started = 0.0
        self.reason = ""

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        self._end = self.started + self._limits.total
        self._deadline = self._end
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def connected(self) -> bool:
        """Whether the TCP connection was accepted; TLS may still be pending."""
        return self._socket is not None

    def attach(self, connection: socket.socket) -> None:
        """Take the socket of the connection that was made, which `abort` breaks."""
        with self._lock:
            self._socket = connection
            if self.reason:
                self._shut_down()

    def sending(self) -> None:
        """Take the start time: the request is sent from now on."""
        self.started = time.perf_counter()
        self._end = self.started + self._limits.total
        self._event_due = self._end
        self._await(self._limits.total, "the end")

    def sent(self) -> None:
        """Start the wait for the first byte: the whole request was sent."""
        if not self._total_only:
            self._await(self._limits.first_byte, "the first byte")
            self._event_due = time.perf_counter() + self._event_wait

    def arrived(self, *, progress: bool = True) -> float:
        """
        Start the wait for the next bytes; return the seconds since the start.

        Without *progress*, only comments of an event stream arrived.
        """
        now = time.perf_counter()
        if progress:
            self._progressed = True
            self._event_wait = max(self._limits.first_byte, self._limits.between)
            self._event_due = now + self._event_wait
            self._next(now + self._limits.between, "the next byte")
        elif self._progressed:
            self._next(min(now + self._limits.between, self._event_due), "an event")
        else:
            self._next(self._event_due, "an event")
        return now - self.started

    def expect_close(self, grace: float) -> None:
        """Break the connection unless the response ends within *grace* seconds."""
        with self._lock:
            self._end = min(self._end, time.perf_counter() + grace)
            self._deadline = self._end
            self._awaited = "the close"
            self._moved_closer()

    def _next(self, deadline: float, what: str) -> None:
        if self._awaited == "the close":
            return
        closer = self._awaited != what
        self._awaited = what
        self._deadline = min(deadline, self._end)
        if closer:
            self._moved_closer()

    def left(self) -> float:
        """Return the seconds until the deadline; not positive once it is over."""
        return self._deadline - time.perf_counter()

    def expire(self) -> None:
        """Break the connection, because the deadline is over."""
        with self._lock:
            if not (self._done or self.reason):
                self.left_open = self._awaited == "the close"
                self.reason = self._timeout_message()
                self._shut_down()

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.started

    def stop(self) -> str:
        """End the watch; return why the connection was broken, or an empty string."""
        with self._lock:
            self._done = True
            self._moved_closer()
            return self.reason

    def abort(self, reason: str) -> None:
        """Break the connection now, because of *reason*; safe to call from a thread."""
        with self._lock:
            if not self._done and not self.reason:
                self.reason = reason
                self._shut_down()
                self._moved_closer()

    def _await(self, seconds: float, what: str) -> None:
        with self._lock:
            self._awaited = what
            self._deadline = min(time.perf_counter() + seconds, self._end)
            self._moved_closer()

    def _moved_closer(self) -> None:
        """Do nothing; whoever waits in another thread has to be woken here."""

    def _timeout_message(self) -> str:
        if self.left_open:
            return "the response did not end after its last event"
        if self._deadline >= self._end:
            return f"the response was not complete after {self._limits.total:g} s"
        if self._awaited == "the first byte":
            return f"no byte of the body arrived within {self._limits.first_byte:g} s"
        if self._awaited == "an event" and self._deadline >= self._event_due:
            return f"only comments arrived for {self._event_wait:g} s"
        return f"no further bytes arrived for {self._limits.between:g} s"

    def _shut_down(self) -> None:
        if self._socket is not None:
            # The method of the plain socket: TLS may be in the middle of a read.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Watchdog(Deadlines):
    """
    Watches one exchange from its own thread and breaks the connection on a timeout.

    A read timeout restarts with every byte, so a server that sends one byte a minute
    never reaches it; shutting the socket down at a deadline works for every server.
    """

    def __init__(self, limits: Limits, *, total_only: bool) -> None:
        """With *total_only*, only `limits.total` applies until the first byte."""
        super().__init__(limits, total_only=total_only)
        self._changed = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        super().__enter__()
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

    def _moved_closer(self) -> None:
        # The thread checks again when the old deadline expires, so it has to be woken
        # only for a deadline that moved closer.
        with self._lock:
            self._changed.notify()

    def _run(self) -> None:
        with self._lock:
            while not (self._done or self.reason):
                left = self.left()
                if left > 0:
                    self._changed.wait(left)
                else:
                    self.expire()
