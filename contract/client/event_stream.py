"""Event streams while they are read: progress, and whether [DONE] has arrived."""

from __future__ import annotations

from contract.model import sse
from contract.model.exchange import DONE

_DONE = DONE.encode()
# How nearly all servers end a stream: in an arrival of its own, after a whole event.
_LAST = b"data: " + _DONE + b"\n\n"
_BETWEEN_EVENTS = b"\n\n"


class EventStream:
    """
    What the bytes of one event stream mean for the wait for more of them.

    `done` is whether a whole event [DONE] has arrived, and `last_event` the number of
    the last arrival since then that completed an event, from 0.
    """

    def __init__(self) -> None:
        self.done = False
        self.last_event = 0
        # The first byte of the line that is being received; empty at its start.
        self._line = b""
        # The end of what was received, which may be the beginning of the sentinel.
        self._tail = b""
        self._arrivals: list[bytes] = []
        self._parser: sse.Parser | None = None

    def feed(self, data: bytes) -> bool:
        """Take an arrival; return whether it has more than comments and blank lines."""
        self._arrivals.append(data)
        if self._parser is not None:
            self._parse(self._parser, len(self._arrivals) - 1)
        elif data == _LAST and self._tail.endswith(_BETWEEN_EVENTS) and not self.done:
            # What the parser would find, at a thousandth of its time; many streams
            # that end at the same moment must not wait for each other.
            self.done, self.last_event = True, len(self._arrivals) - 1
        elif self.done or _DONE in self._tail + data:
            # Only now is a parser worth its time: no other arrival can hold the event.
            self._parser = sse.Parser()
            for number in range(len(self._arrivals)):
                self._parse(self._parser, number)
        self._tail = (self._tail + data)[1 - len(_DONE) :]
        return self._has_progress(data)

    def _parse(self, parser: sse.Parser, number: int) -> None:
        events = parser.feed(self._arrivals[number])
        self.done = self.done or any(event.data == DONE for event in events)
        if self.done and events:
            self.last_event = number

    def _has_progress(self, data: bytes) -> bool:
        found = False
        for number, line in enumerate(data.replace(b"\r", b"\n").split(b"\n")):
            if number:
                self._line = b""
            if line:
                self._line = self._line or line[:1]
                found = found or self._line != b":"
        return found
