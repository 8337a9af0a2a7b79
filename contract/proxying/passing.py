"""One request and its response, while they pass."""

from __future__ import annotations

from array import array

from contract.proxying.heads import Head


class Passing:
    """One request and its response, while they pass."""

    def __init__(self, number: int, head: Head, method: str, path: str) -> None:
        self.number, self.head = number, head
        self.method, self.path = method, path
        self.version = "1.0" if head.first.endswith(b"HTTP/1.0") else "1.1"
        self.persists = head.persists(self.version)
        # Bytes of the body that are missing; None: it is divided into chunks.
        self.left: int | None = 0
        self.sent_all = False
        self.connecting = 0.0
        self.sent, self.sent_at = 0.0, 0.0
        self.parts: list[bytes] = []
        self.sends: list[tuple[float, int]] = []
        self.status: int | None = None
        self.response_head: Head | None = None
        self.times = array("d")
        self.pieces: list[bytes] = []
        self.size = 0
        self.lost = ""

    def drop(self, why: str) -> int:
        """Forget the bodies; return how many bytes that frees."""
        freed, self.size = self.size, 0
        self.lost = why
        self.parts.clear()
        self.pieces.clear()
        del self.times[:]
        return freed
