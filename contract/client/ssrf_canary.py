"""A server on loopback that a session opens to learn whether its address is visited."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from contract.model.images import picture

_PATIENCE = 5.0  # seconds for a visitor to say what it wants
_LONGEST = 2**16  # bytes of a request that are read


@dataclass(frozen=True, slots=True)
class SsrfCanary:
    """Its address (without a path), and the paths that were asked for so far."""

    url: str
    visits: list[str] = field(default_factory=list)


@contextlib.contextmanager
def open_canary() -> Iterator[SsrfCanary]:
    """A canary on a free port of 127.0.0.1; it answers every visit with a PNG."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened = SsrfCanary(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(
            target=_serve, args=(listener, opened), name="canary", daemon=True
        )
        thread.start()
        try:
            yield opened
        finally:
            # Closing alone would not wake a thread that waits for a visitor.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE)


def _serve(listener: socket.socket, opened: SsrfCanary) -> None:
    while True:
        try:
            visitor, _ = listener.accept()
        except OSError:
            return
        with visitor, contextlib.suppress(OSError):
            visitor.settimeout(_PATIENCE)
            opened.visits.append(_asked(visitor))
            data = picture(56, 56).data
            head = (
                "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n"
                f"content-length: {len(data)}\r\nconnection: close\r\n\r\n"
            )
            visitor.sendall(head.encode() + data)


def _asked(visitor: socket.socket) -> str:
    """The path of a request; empty when it was none."""
    request = b""
    while b"\r\n\r\n" not in request and len(request) < _LONGEST:
        data = visitor.recv(4_096)
        if not data:
            break
        request += data
    words = request.partition(b"\r\n")[0].decode("latin-1").split(" ")
    return words[1] if len(words) > 1 else ""
