"""A relay in a process of its own, and what passes through it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from queue import Empty, Queue
from types import TracebackType
from typing import Self

import httpx

from contract.client.route import Route
from contract.errors import TargetError, UsageError
from contract.mock_server.app import address, listening
from contract.mock_server.hosts import is_loopback_address
from contract.mock_server.provider import MockProvider
from contract.model.address import LOOPBACK_HOSTS
from contract.model.dialect import Dialect
from contract.model.rejection import Rejection, RejectionReason
from contract.model.wire import Request
from contract.proxying.passed import Frames, Passed, frame
from contract.proxying.relay import MESSAGE, Settings

STARTUP = 30.0  # seconds
_END = 10.0  # seconds that the process has to end once it is asked to
MOST_WAITING = 64 * 2**20  # bytes of exchanges that wait here
# Statuses of the errors that a relay answers itself, by reason.
STATUSES = {
    "away": 502,
    "garbled": 502,
    "slow": 504,
    "full": 503,
    "loop": 508,
    "host": 421,
    "malformed": 400,
    "method": 405,
    "large": 431,
    "late": 408,
}


class RunningRelay:
    """
    A relay on a port, in a process of its own.

    Usage::

        with RunningRelay(settings, listener) as relay:
            for passed in relay:
                …                # until relay.stop() was called, and all has come
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        """Start nothing yet; *listener* is closed with the relay."""
        self._settings, self._listener = settings, listener
        self.url = address(listener)
        self._queue: Queue[Passed | None] = Queue()
        self._room = threading.Semaphore(0)
        self._bytes = 0
        self._lock = threading.Condition()
        self._ready = threading.Event()
        self._ended = False
        # The types of what the relay raised: a bug, which struck one connection each.
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        self._channel, theirs = socket.socketpair()
        numbers = (theirs.fileno(), self._listener.fileno())
        try:
            self._process = subprocess.Popen(  # noqa: S603  # this program
                [
                    *(sys.executable, "-m", "contract.proxying.engine"),
                    *map(str, numbers),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=numbers,
                env=_environment(),
            )
        except BaseException:
            self._channel.close()
            raise
        finally:
            theirs.close()
        try:
            members = {**asdict(self._settings)}
            self._channel.sendall(frame("settings", **members))
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()
            self._await_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _await_ready(self) -> None:
        if not self._ready.wait(STARTUP) or self._process.poll() is not None:
            raise TargetError(
                "The relay of the proxy did not start; try again, and report the "
                "problem if it persists."
            )

    def stop(self) -> None:
        """Accept nothing more, and end the iteration once all has come."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End the process."""
        self.stop()
        try:
            self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._ended = True
            self._lock.notify_all()
        if hasattr(self, "_reader"):
            self._reader.join(_END)
        self._channel.close()
        self._listener.close()

    @property
    def process(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def trouble(self) -> str:
        """A sentence about bugs that struck connections; empty if none did."""
        if not self.failures:
            return ""
        return (
            f"The relay failed on {len(self.failures)} connections "
            f"({self.failures[0]}). This is a bug; please report it."
        )

    @property
    def waiting(self) -> int:
        """The number of exchanges that have come and were not taken yet."""
        return self._queue.qsize()

    def __iter__(self) -> Iterator[Passed]:
        """Yield what passes; raise `TargetError` if the process ends by itself."""
        while True:
            passed = self._taken()
            if passed is None:
                return
            yield passed

    def _taken(self) -> Passed | None:
        while True:
            try:
                passed = self._queue.get(timeout=1.0)
            except Empty:
                continue
            if passed is not None:
                with self._lock:
                    self._bytes -= _size(passed)
                    self._lock.notify_all()
                return passed
            if not self._ended:
                raise TargetError(
                    "The relay of the proxy ended by itself; what it passed on until "
                    "then is judged. Start it again, and report the problem."
                )
            return None

    def _read(self) -> None:
        """Take what the process sends, as far as there is room for it."""
        with self._channel.makefile("rb") as file, contextlib.suppress(OSError):
            for one in Frames(file.read):
                if not isinstance(one, Passed):
                    if one["kind"] == "failed":
                        self.failures.append(str(one["error"]))
                    self._ended = self._ended or one["kind"] == "ended"
                    self._ready.set()
                    continue
                with self._lock:
                    while self._bytes > MOST_WAITING and not self._ended:
                        self._lock.wait()
                    self._bytes += _size(one)
                self._queue.put(one)
        self._queue.put(None)
        self._ready.set()


def _size(passed: Passed) -> int:
    return len(passed.body) + len(passed.response) + 16 * len(passed.times)


def _environment() -> dict[str, str]:
    """Return the environment without proxies and keys: the settings say all."""
    names = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    return {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in names and not name.upper().endswith("API_KEY")
    }


def listener(host: str, port: int, url: str) -> socket.socket:
    """
    Return a socket that listens on *host* and *port*, for requests to *url*.

    Raises `TargetError` if the address is not usable, and `UsageError` if *url* is that
    of the proxy itself.
    """
    found = listening(host, port)
    own = found.getsockname()[1]
    opened = httpx.URL(url)
    same = opened.host in LOOPBACK_HOSTS | {host}
    local = is_loopback_address(host) or host in {"0.0.0.0", "::"}  # noqa: S104  # compared, not bound
    if same and local and opened.port == own:
        found.close()
        raise UsageError(
            f"The upstream {url} is the address of the proxy itself; give the URL of "
            "the server, or another --port."
        )
    return found


def settings(
    url: str,
    dialect: Dialect,
    route: Route,
    name: str,
    *,
    hosts: tuple[str, ...] | None = (),
) -> Settings:
    """
    Return the settings of a relay to *url*.

    Args:
        url: Root of the API, without `/v1`.
        dialect: In which errors of the relay itself are worded.
        route: Further headers of every request, and the proxy in between.
        name: What the relay calls itself in Via.
        hosts: Names that a Host header may have beside local ones; None: any.
    """
    provider = MockProvider(dialect)
    answers = {}
    for reason, status in STATUSES.items():
        reply = provider.refused(
            Request("POST", "/"),
            Rejection(reason=RejectionReason.FAILURE, status=status, message=MESSAGE),
        )
        kind = dict(reply.headers).get("content-type", "application/json")
        body = reply.body.decode()
        if MESSAGE not in body:
            body = json.dumps({"error": {"message": MESSAGE, "code": status}})
        answers[reason] = (status, kind, body)
    return Settings(
        url=url,
        proxy=route.proxy_for(url).url,
        headers=[(header.name, header.value) for header in route.headers],
        hosts=hosts,
        name=name,
        answers=answers,
    )
