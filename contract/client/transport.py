"""What a recorder needs of a client: one request sent, and its response in portions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from contract.client.timeouts import Deadlines, Limits

Portion = tuple[bytes, float | None]
"""Bytes of a body, and when they arrived (`time.perf_counter`) if that is known."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it is sent."""

    method: str
    url: str
    # Name and value, as the user wrote them.
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """The head of a response, and its body as it arrives, still encoded."""

    status: int
    # In order and as they were sent.
    headers: tuple[tuple[bytes, bytes], ...]
    portions: Iterator[Portion]


class Transport(Protocol):
    """Sends requests of one recorder, each on a connection of its own; thread-safe."""

    def watch(self, limits: Limits, *, total_only: bool) -> Deadlines:
        """Return the deadlines of an exchange; `open` takes them once entered."""

    def open(
        self, request: Sent, deadlines: Deadlines
    ) -> AbstractContextManager[Response]:
        """
        Send *request*; return its response, which is read within the context.

        Entering and reading raise what httpx raises: `httpx.HTTPError`, `OSError`,
        `httpx.InvalidURL` or `ValueError`, and `RuntimeError` once it was closed.
        """

    def close(self) -> None:
        """Send no more requests."""
