"""Server-Sent Events as the WHATWG defines them: bytes in, events out, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event, at the moment its last byte was read (seconds)."""

    data: str
    at: float = 0.0
    event: str = "message"
    id: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """
    Something a strict reader objects to; *event* counts the events before it.

    A *legal* one fits the grammar, but every reader ignores what it says.
    """

    message: str
    event: int
    legal: bool = False


class Parser:
    """
    An incremental reader of one stream. Malformed input is recorded, never raised.

    HTML Living Standard 9.2.5 and 9.2.6. A reader that follows it drops an
    unfinished event at the end of the stream; that, bytes that are not UTF-8 and
    fields nobody defines are kept in `flaws`.
    """

    def __init__(self) -> None:
        self.flaws: list[Flaw] = []
        self.count = 0
        self._rest = b""
        self._skip_lf = False
        self._started = False
        self._data: list[bytes] = []
        self._event = b""
        self._id = b""
        self._dirty = False

    def feed(self, data: bytes, at: float = 0.0) -> list[Event]:
        """The events that *data* completes; all of them arrived *at* that moment."""
        if not data:
            return []
        if not self._started:
            data = self._rest + data
            self._rest = b""
            if len(data) < len(BOM) and BOM.startswith(data):
                self._rest = data
                return []
            self._started = True
            # "one leading U+FEFF BYTE ORDER MARK character must be ignored"
            data = data.removeprefix(BOM)
        if self._skip_lf and data.startswith(b"\n"):
            data = data[1:]
        if data:
            self._skip_lf = data.endswith(b"\r")
        buffer = self._rest + data
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

    def close(self) -> None:
        """Note what the end of the stream cut off."""
        if self._rest or self._data or self._dirty:
            self.flaws.append(
                Flaw("the stream ended inside an event (no blank line)", self.count)
            )
        self._rest, self._data, self._dirty = b"", [], False

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
                self._flaw(f"retry is not a number: {value[:40]!r}", legal=True)
        else:
            self._flaw(f"unknown field {name[:40]!r}", legal=True)

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
        self.flaws.append(Flaw(message, self.count, legal))


def encode(data: str | bytes) -> bytes:
    """One event as the wire spells it; line breaks in *data* become data lines."""
    raw = data.encode() if isinstance(data, str) else data
    if b"\n" in raw or b"\r" in raw:
        lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"
    return b"data: " + raw + b"\n\n"
