"""A relay in a thread of the test, and raw clients that talk through it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvloop

from contract.catalog.profiles import named
from contract.client.route import DIRECT
from contract.mock_server.app import address, listening
from contract.proxying.passed import Passed
from contract.proxying.relay import Relay
from contract.proxying.running import settings

PATIENCE = 10.0
NAME = "magistral-contract-test"


@dataclass
class Relayed:
    """A relay on *port*; *passed* are the exchanges that it handed over."""

    port: int
    url: str
    passed: list[Passed] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)

    def take(self, passed: Passed) -> None:
        with self.more:
            self.passed.append(passed)
            self.more.notify_all()

    def wait(self, count: int = 1) -> list[Passed]:
        """The first *count* exchanges, once they have ended."""
        with self.more:
            assert self.more.wait_for(lambda: len(self.passed) >= count, PATIENCE)
            return self.passed[:count]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, raw: bytes) -> bytes:
        """Everything that comes back for *raw* until the connection is closed."""
        with self.connect() as client:
            client.sendall(raw)
            return received(client)


def received(client: socket.socket, *, suppress: bool = True) -> bytes:
    """Everything that comes until the end, or a reset, which is raised if wanted."""
    data = b""
    with contextlib.suppress(*([ConnectionResetError] if suppress else [])):
        while part := client.recv(65_536):
            data += part
    return data


@contextlib.contextmanager
def relaying(
    url: str, *, profile: str = "vllm", route=DIRECT, **more
) -> Iterator[Relayed]:
    """Relay to *url* until the context is left."""
    listener = listening("127.0.0.1", 0)
    made = Relayed(listener.getsockname()[1], address(listener))
    chosen = settings(url, named(profile).dialect, route, NAME, **more)
    started, over = threading.Event(), []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        over.append(lambda: loop.call_soon_threadsafe(stop.set))
        relay = Relay(chosen, made.take)
        server = await loop.create_server(relay.client, sock=listener)
        started.set()
        await stop.wait()
        server.close()
        relay.stop()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: uvloop.run(run()), daemon=True)
    thread.start()
    assert started.wait(PATIENCE)
    try:
        yield made
    finally:
        over[0]()
        thread.join(PATIENCE)
