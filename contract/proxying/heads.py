"""Heads of HTTP/1.1 messages, and what an intermediary changes in them (RFC 9110)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

END = b"\r\n\r\n"
# RFC 9110, 7.6.1: fields for the next hop only, beside those that Connection names.
# Transfer-Encoding stays: the body is passed on with the framing that it came with.
HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"}
)
# RFC 9110, 11.7: credentials for a proxy, and what a proxy asks for.
_FOR_PROXIES = frozenset({b"proxy-authorization"})
# Fields that Connection must not take away: they say how long the body is, or for whom
# the message is.
_KEPT = frozenset({b"content-length", b"transfer-encoding", b"host"})
_SCHEMES = (b"http://", b"https://")


@dataclass(frozen=True)
class Head:
    """The head of a message as it was received: its first line, and its field lines."""

    first: bytes
    lines: tuple[bytes, ...]

    @classmethod
    def read(cls, raw: bytes) -> Head:
        """Return the head *raw*, which ends with an empty line."""
        first, *lines = raw.removesuffix(END).split(b"\r\n")
        return cls(first, tuple(lines))

    @cached_property
    def fields(self) -> tuple[tuple[bytes, bytes], ...]:
        """Names in lower case, and values, in the order of the lines."""
        return tuple(
            (name.strip().lower(), value.strip(b" \t"))
            for name, _, value in (line.partition(b":") for line in self.lines)
        )

    def value(self, name: bytes) -> bytes | None:
        """Return the first value of the field *name*, in lower case, or None."""
        return next((value for key, value in self.fields if key == name), None)

    @cached_property
    def options(self) -> frozenset[bytes]:
        """What the fields Connection name, in lower case."""
        return frozenset(
            option.strip().lower()
            for name, value in self.fields
            if name == b"connection"
            for option in value.split(b",")
        )

    @property
    def chunked(self) -> bool:
        """Whether the body is divided into chunks."""
        return any(
            name == b"transfer-encoding" and value.lower().endswith(b"chunked")
            for name, value in self.fields
        )

    @property
    def status(self) -> int:
        """The status of a response; 0 if the first line has none."""
        parts = self.first.split(b" ", 2)
        sound = len(parts) > 1 and len(parts[1]) == 3 and parts[1].isdigit()  # noqa: PLR2004  # a status has three digits
        return int(parts[1]) if sound and parts[0].startswith(b"HTTP/") else 0

    def persists(self, version: str) -> bool:
        """Return whether the connection is to be kept after a message of *version*."""
        if version == "1.0":
            return b"keep-alive" in self.options
        return b"close" not in self.options

    def _passed(self, dropped: Iterable[bytes]) -> list[bytes]:
        """Return the lines without those for this hop, and without *dropped* ones."""
        gone = (HOP_BY_HOP | self.options | frozenset(dropped)) - (
            _KEPT - frozenset(dropped)
        )
        return [
            line
            for (name, _), line in zip(self.fields, self.lines, strict=True)
            if name not in gone
        ]

    def request(  # noqa: PLR0913  # what differs between the two sides
        self,
        *,
        method: bytes,
        target: bytes,
        host: bytes,
        via: bytes,
        added: Iterable[tuple[bytes, bytes]] = (),
        persists: bool = True,
    ) -> bytes:
        """
        Return this head as it is sent to the next server, with the empty line.

        Args:
            method: The method.
            target: The request target for that server.
            host: Its authority, for the field Host.
            via: The value of a further field Via (RFC 9110, 7.6.3).
            added: Fields that the request gets unless it has them.
            persists: Whether the connection is kept afterwards.
        """
        own = {name for name, _ in self.fields}
        lines = [
            method + b" " + target + b" HTTP/1.1",
            b"Host: " + host,
            *self._passed({b"host", *_FOR_PROXIES}),
            *(n + b": " + v for n, v in added if n.lower() not in own),
            b"Via: " + via,
            *([] if persists else [b"Connection: close"]),
        ]
        return b"\r\n".join(lines) + END

    def response(self, *, persists: bool, whole_chunks: bool = True) -> bytes:
        """
        Return this head as it is sent to the client, with the empty line.

        *persists* is whether the connection is kept afterwards; without *whole_chunks*
        the body is sent without its division into chunks.
        """
        dropped = () if whole_chunks else (b"transfer-encoding", b"trailer")
        lines = [self.first, *self._passed(dropped)]
        if not persists:
            lines.append(b"Connection: close")
        return b"\r\n".join(lines) + END


def origin_form(target: bytes) -> bytes:
    """
    Return the path and query of a request *target*, without a host that it names.

    Usage::

        >>> origin_form(b"http://other.example/v1/models?page=2")
        b'/v1/models?page=2'
    """
    for scheme in _SCHEMES:
        if target[: len(scheme)].lower() == scheme:
            _, slash, path = target[len(scheme) :].partition(b"/")
            return slash + path or b"/"
    return target


def length_of(value: bytes | None) -> int | None:
    """Return a Content-Length; None if it is missing, or no number below 2**63."""
    sound = value is not None and value.isdigit() and len(value) < 19  # noqa: PLR2004  # digits
    return int(value or b"0") if sound else None
