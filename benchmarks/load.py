"""A bare HTTP client and the CPU time of a server process: what a figure rests on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import httptools
import httpx
import psutil
import uvloop


@dataclass(frozen=True, slots=True)
class Server:
    """A server process on loopback."""

    process: psutil.Process
    port: int
    started: float  # seconds from exec to the first 200

    def cpu(self) -> float:
        """CPU seconds of the process and its children so far."""
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(sum(p.cpu_times()[:2]) for p in processes)


def free_port() -> int:
    """Return a port on which no process listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    command: Sequence[str], path: str, within: float = 30.0
) -> Iterator[Server]:
    """Run *command* (`{port}` is filled in) until GET *path* answers; then stop it."""
    port = free_port()
    begun = time.perf_counter()
    with subprocess.Popen(
        [part.replace("{port}", str(port)) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5.0)
                    break
                if child.poll() is not None or time.perf_counter() - begun > within:
                    raise RuntimeError(f"{command[0]} did not start: {command}")
                time.sleep(0.01)
            yield Server(psutil.Process(child.pid), port, time.perf_counter() - begun)
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


def post(port: int, body: bytes, path: str = "/v1/chat/completions") -> bytes:
    """One keep-alive POST as bytes."""
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
        "content-type: application/json\r\naccept-encoding: identity\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


@dataclass
class Tally:
    """What one connection or one run has seen."""

    responses: int = 0
    failures: int = 0
    chunks: int = 0
    stamps: list[list[float]] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """Sends the next request until the shared budget is used up."""

    def __init__(
        self, requests: Iterator[bytes], budget: list[int], tally: Tally
    ) -> None:
        self._requests, self._budget, self._tally = requests, budget, tally
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if self._budget[0] <= 0:
            self._transport.close()
            return
        self._budget[0] -= 1
        self._parser = httptools.HttpResponseParser(self)
        self._stamps = [time.perf_counter()]
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, _body: bytes) -> None:
        self._tally.chunks += 1
        self._stamps.append(time.perf_counter())

    def on_message_complete(self) -> None:
        self._tally.responses += 1
        self._tally.failures += self._parser.get_status_code() != 200
        self._tally.stamps.append(self._stamps)
        asyncio.get_running_loop().call_soon(self._next)

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._tally.failures += 1
        if not self.done.done():
            self.done.set_result(None)


def run(
    port: int,
    request: bytes | Iterator[bytes],
    *,
    total: int,
    connections: int = 16,
) -> Tally:
    """
    *total* responses over *connections*; raises when any of them is not a 200.

    *request* is sent each time, or the next one of an iterator.
    """
    tally = Tally()
    requests = cycle([request]) if isinstance(request, bytes) else request

    async def main() -> None:
        budget = [total]
        loop = asyncio.get_running_loop()
        open_ones = [
            await loop.create_connection(
                lambda: _Connection(requests, budget, tally), "127.0.0.1", port
            )
            for _ in range(min(connections, total))
        ]
        await asyncio.wait_for(
            asyncio.gather(*(protocol.done for _, protocol in open_ones)), 300
        )

    uvloop.run(main())
    if tally.failures or tally.responses != total:
        raise RuntimeError(
            f"{tally.failures} failures, {tally.responses} of {total} responses"
        )
    return tally


PYTHON = sys.executable
