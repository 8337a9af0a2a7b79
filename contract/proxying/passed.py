"""What a relay saw of one exchange, as it is handed to the process that judges."""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from contract.model.exchange import End

_LENGTH = struct.Struct("!I")
MOST_HEAD = 1 << 24  # bytes of the description of an exchange, without its bodies


@dataclass(slots=True, kw_only=True)
class Passed:
    """
    One request and its response; times are seconds since the request was sent on.

    Usage: `channel.send(passed.encode())`, and on the other side
    `Passed.decode(head, read)`.
    """

    # Its number, from 1, in the order in which requests came.
    number: int
    method: str
    # The request target as the client wrote it, without a host.
    path: str
    # Names in lower case, and values, credentials included: for this machine's memory.
    headers: list[tuple[str, str]] = field(default_factory=list)
    # The body without its transfer coding.
    body: bytes = b""
    # When each portion of the body was sent on, and its size.
    sends: list[tuple[float, int]] = field(default_factory=list)
    # None if no response came.
    status: int | None = None
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    # When each portion of the body arrived, its size, and all of them joined.
    times: array[float] = field(default_factory=lambda: array("d"))
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    response: bytes = b""
    end: End = End.COMPLETE
    # A clause that describes another end.
    note: str = ""
    elapsed: float = 0.0
    # Seconds until the connection to the upstream stood; 0 for one that was kept.
    connecting: float = 0.0
    # When the request was sent on, in seconds since the epoch.
    sent_at: float = 0.0
    # Why the bodies were not kept; empty if they were.
    lost: str = ""

    def encode(self) -> list[bytes]:
        """Return the parts of a frame: its length, a description, and the bytes."""
        head = json.dumps(
            {
                "kind": "passed",
                "number": self.number,
                "method": self.method,
                "path": self.path,
                "headers": self.headers,
                "sends": self.sends,
                "status": self.status,
                "response_headers": self.response_headers,
                "end": self.end.value,
                "note": self.note,
                "elapsed": self.elapsed,
                "connecting": self.connecting,
                "sent_at": self.sent_at,
                "lost": self.lost,
                "portions": len(self.times),
                "body": len(self.body),
                "response": len(self.response),
            }
        ).encode()
        return [
            _LENGTH.pack(len(head)),
            head,
            self.body,
            self.times.tobytes(),
            self.sizes.tobytes(),
            self.response,
        ]


def frame(kind: str, **members: object) -> bytes:
    """Return a frame that holds no exchange: `ready`, `sent`, `ended`."""
    head = json.dumps({"kind": kind, **members}).encode()
    return _LENGTH.pack(len(head)) + head


_Read = Callable[[int], bytes]


class Frames:
    """
    Frames as they are read from a channel.

    Usage: `for one in Frames(channel.makefile("rb").read): …`. Yields `Passed`, or the
    members of any other frame; ends with the channel.
    """

    def __init__(self, read: _Read) -> None:
        """*read* returns exactly as many bytes as asked for, or fewer at the end."""
        self._read = read

    def __iter__(self) -> Frames:
        return self

    def __next__(self) -> Passed | dict[str, object]:
        length = self._read(_LENGTH.size)
        if len(length) < _LENGTH.size:
            raise StopIteration
        (size,) = _LENGTH.unpack(length)
        if size > MOST_HEAD:
            raise StopIteration
        head = self._read(size)
        if len(head) < size:
            raise StopIteration
        members = json.loads(head)
        if members.pop("kind") != "passed":
            return {"kind": json.loads(head)["kind"], **members}
        count = members.pop("portions")
        sizes = members.pop("body"), members.pop("response")
        body = self._read(sizes[0])
        times, portions = array("d"), array("Q")
        for values in (times, portions):
            values.frombytes(self._read(count * values.itemsize))
        response = self._read(sizes[1])
        if len(response) < sizes[1]:
            raise StopIteration
        return Passed(
            **{
                **members,
                "headers": [(n, v) for n, v in members["headers"]],
                "response_headers": [(n, v) for n, v in members["response_headers"]],
                "sends": [(at, size) for at, size in members["sends"]],
                "end": End(members["end"]),
            },
            body=body,
            times=times,
            sizes=portions,
            response=response,
        )
