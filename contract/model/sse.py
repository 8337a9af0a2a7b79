"""Server-Sent Events (WHATWG HTML): an incremental parser and an encoder."""

from __future__ import annotations

from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
# Flaws of one stream that are kept, of the legal ones and of the others.
MOST_FLAWS = 1_000


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event."""

    # The data lines joined with LF.
    data: str
    # Seconds since the request was sent, when its last byte was read.
    at: float = 0.0
    # The event type.
    event: str = "message"
    # The last event id of the stream so far.
    id: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A departure from the grammar of a stream."""

    # A clause such as "unknown field b'dada'".
    message: str
    # Number of events before it.
    event: int
    # Whether the grammar allows it, although every parser ignores the content.
    legal: bool = False


class Parser:
    """
    An incremental parser of one stream; malformed input never makes it raise.

    It follows the HTML Living Standard, 9.2.5 and 9.2.6, which drops an unfinished
    event at the end of a stream. That, bytes that are not UTF-8 and undefined fields
    are kept in `flaws`.
    """

    def __init__(self) -> None:
        self.flaws: list[Flaw] = []
        self.count = 0
        self._rest = b""
        # What follows `_rest` in the same line; joined once the line ends, because to
        # join it at every read takes quadratic time.
        self._more: list[bytes] = []
        self._skip_lf = False
        self._flaw_counts = {True: 0, False: 0}
        self._started = False
        self._data: list[bytes] = []
        self._event = b""
        self._id = b""
        self._dirty = False

    def feed(self, data: bytes, at: float = 0.0) -> list[Event]:
        """Return the events that *data* completes, each with the time *at*."""
        if not self._started:
            data = self._without_mark(data)
        if not data:
            return []
        skip_lf, self._skip_lf = self._skip_lf, data.endswith(b"\r")
        if skip_lf and data.startswith(b"\n"):
            data = data[1:]
        if b"\n" not in data and b"\r" not in data:
            if data:
                self._more.append(data)
            return []
        buffer = self._unfinished() + data
        if b"\r" in buffer:
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._rest = buffer.split(b"\n")
        events: list[Event] = []
        for line in lines:
            if line.startswith(b"data: "):
                self._data.append(line[6:])
            elif line:
                self._field(line)
            else:
                self._dispatch(events, at)
        return events

    def payloads(self, data: bytes) -> list[str]:
        """Return the data of the events that `feed` returns, which is faster."""
        payloads = self._one_line_each(data)
        if payloads is None:
            return [event.data for event in self.feed(data)]
        self._started, self._skip_lf = True, False
        self.count += len(payloads)
        return payloads

    def _one_line_each(self, data: bytes) -> list[str] | None:
        """
        Return the data of whole events of one line, the form that servers send.

        None for any other form.
        """
        if (
            self._rest
            or self._more
            or self._data
            or self._dirty
            or not data.startswith(b"data: ")
            or not data.endswith(b"\n\n")
            or b"\r" in data
        ):
            return None
        try:
            payload = data[6:-2].decode()
        except UnicodeDecodeError:
            return None
        if "\n" not in payload:
            return [payload]
        payloads = payload.split("\n\ndata: ")
        return payloads if payload.count("\n") == 2 * len(payloads) - 2 else None

    def close(self) -> None:
        """Record an event that the end of the stream cut off."""
        if self._rest or self._more or self._data or self._dirty:
            self.flaws.append(
                Flaw("the stream ended inside an event (no blank line)", self.count)
            )
        self._rest, self._more, self._data, self._dirty = b"", [], [], False

    def _without_mark(self, data: bytes) -> bytes:
        """Return the first bytes without a byte order mark, once it is whole."""
        data = self._rest + data
        self._rest = b""
        if len(data) < len(BOM) and BOM.startswith(data):
            self._rest = data
            return b""
        self._started = True
        # "one leading U+FEFF BYTE ORDER MARK character must be ignored"
        return data.removeprefix(BOM)

    def _unfinished(self) -> bytes:
        """Return what was received of the line that has not ended, and forget it."""
        line = b"".join((self._rest, *self._more))
        self._rest, self._more = b"", []
        return line

    def _field(self, line: bytes) -> None:
        # 9.2.6: a line that starts with a colon is a comment and is ignored.
        if line.startswith(b":"):
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event, self._dirty = value, True
        elif name == b"id":
            # "If the field value does not contain U+0000 NULL, then set …"
            if b"\0" not in value:
                self._id = value
        elif name == b"retry":
            if not value.isdigit():
                self._flaw(f"retry is not a number: {_shown(value)}", legal=True)
        else:
            self._flaw(f"unknown field {_shown(name)}", legal=True)

    def _dispatch(self, events: list[Event], at: float) -> None:
        # "If the data buffer is an empty string, set the data buffer and the event
        # type buffer to the empty string and return."
        if not self._data:
            self._event, self._dirty = b"", False
            return
        raw = b"\n".join(self._data)
        try:
            data = raw.decode()
        except UnicodeDecodeError as error:
            self._flaw(f"bytes that are not UTF-8 at offset {error.start} of the data")
            data = raw.decode(errors="replace")
        event = self._event.decode(errors="replace") or "message"
        events.append(Event(data, at, event, self._id.decode(errors="replace")))
        self.count += 1
        self._data, self._event, self._dirty = [], b"", False

    def _flaw(self, message: str, *, legal: bool = False) -> None:
        self._flaw_counts[legal] += 1
        if self._flaw_counts[legal] <= MOST_FLAWS:
            self.flaws.append(Flaw(message, self.count, legal))


def _shown(field: bytes) -> str:
    """Return the beginning of *field*, quoted, for a message."""
    return f'"{field[:40].decode(errors="backslashreplace")}"'


def encode(data: str | bytes) -> bytes:
    """Return one event as bytes; line breaks in *data* separate `data:` lines."""
    raw = data.encode() if isinstance(data, str) else data
    if b"\n" in raw or b"\r" in raw:
        lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"
    return b"data: " + raw + b"\n\n"
