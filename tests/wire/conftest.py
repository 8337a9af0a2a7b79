"""A server of raw sockets: whatever a provider may do wrong, it can do."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

PATIENCE = 10.0
TLS = b"\x16\x03"  # how a TLS client begins; a plain HTTP server calls it a bad request


@dataclass
class Served:
    """One script on a loopback port; *requests* are the raw ones it received."""

    script: Callable[[Connection], None]
    listener: socket.socket
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        while not self.over.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.talk, args=(client,), daemon=True)
            thread.start()

    def talk(self, client: socket.socket) -> None:
        # The other side may hang up at any moment; that is its business.
        with client, contextlib.suppress(OSError):
            client.settimeout(PATIENCE)
            request = received(client)
            self.requests.append(request)
            self.script(Connection(client, request, self.over))


@dataclass
class Connection:
    """One accepted request and the socket to answer it on."""

    socket: socket.socket
    request: bytes
    over: threading.Event

    @property
    def line(self) -> str:
        return self.request.split(b"\r\n", 1)[0].decode()

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def wait(self, seconds: float = PATIENCE) -> None:
        """Say nothing for *seconds*, or until the test is over."""
        self.over.wait(seconds)

    def answer(
        self,
        value: object = None,
        *,
        status: int = 200,
        body: bytes | None = None,
        headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),),
    ) -> None:
        """One whole response; *value* as JSON unless *body* is given."""
        raw = json.dumps(value).encode() if body is None else body
        head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(raw)}"]
        head += [f"{name}: {text}" for name, text in headers]
        self.write("\r\n".join([*head, "", ""]).encode() + raw)

    def stream(self) -> None:
        """The head of a chunked event stream."""
        self.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    def chunk(self, data: bytes) -> None:
        """One chunk; an empty one ends the body."""
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def reset(self) -> None:
        """Break the connection so that the other side sees a reset."""
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self.socket.close()


def received(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := client.recv(65_536)):
            return data
        data += more
        if data.startswith(TLS):
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += client.recv(65_536)
    return head + b"\r\n\r\n" + body


Serve = Callable[[Callable[[Connection], None]], Served]


@pytest.fixture
def served() -> Iterator[Serve]:
    """`served(script)` answers every connection by running *script* in a thread."""
    running: list[Served] = []

    def start(script: Callable[[Connection], None]) -> Served:
        listener = socket.create_server(("127.0.0.1", 0))
        server = Served(script, listener)
        running.append(server)
        threading.Thread(target=server.accept, daemon=True).start()
        return server

    yield start
    for server in running:
        server.over.set()
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
