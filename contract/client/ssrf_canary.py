"""SSRF canary: a loopback server that records whether its URL is requested."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from contract.model.images import picture

_TIMEOUT = 5.0  # seconds for a client to send its request
_MAX_REQUEST = 2**16  # bytes of a request that are read


@dataclass(frozen=True, slots=True)
class SsrfCanary:
    """A running SSRF canary."""

    # Root URL, without a path.
    url: str
    # Paths requested so far, in order; empty for something that is not HTTP.
    visits: list[str] = field(default_factory=list)


@contextlib.contextmanager
def open_canary() -> Iterator[SsrfCanary]:
    """Run an SSRF canary on a free port of 127.0.0.1; every request gets a PNG."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        canary = SsrfCanary(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(
            target=_serve, args=(listener, canary), name="canary", daemon=True
        )
        thread.start()
        try:
            yield canary
        finally:
            # Closing alone would not wake a thread that is blocked in accept.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(_TIMEOUT)


def _serve(listener: socket.socket, canary: SsrfCanary) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, contextlib.suppress(OSError):
            client.settimeout(_TIMEOUT)
            canary.visits.append(_requested_path(client))
            data = picture(56, 56).data
            head = (
                "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n"
                f"content-length: {len(data)}\r\nconnection: close\r\n\r\n"
            )
            client.sendall(head.encode() + data)


def _requested_path(client: socket.socket) -> str:
    """Return the path of the request; empty if the bytes are not a request."""
    request = b""
    while b"\r\n\r\n" not in request and len(request) < _MAX_REQUEST:
        data = client.recv(4_096)
        if not data:
            break
        request += data
    words = request.partition(b"\r\n")[0].decode("latin-1").split(" ")
    return words[1] if len(words) > 1 else ""
