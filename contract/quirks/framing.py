"""Quirks of the bytes of a stream; HTML 9.2 allows every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract.model import sse
from contract.model.check import quirk
from contract.model.reply import Frame, Reply, event_json
from contract.model.strict_json import MISSING

BOM = b"\xef\xbb\xbf"
CONTINUATION = range(0x80, 0xC0)  # the bytes of a UTF-8 character after its first


def _rewritten(reply: Reply, change: Callable[[bytes], bytes]) -> Reply:
    """Return a stream with *change* applied to its frames; other replies stay."""
    if not reply.streamed:
        return reply
    return reply.with_frames(Frame(f.at, change(f.data)) for f in reply.frames)


@quirk
def keep_alive_comments(reply: Reply) -> Reply:
    """Comments between events prevent idle timeouts, as 9.2.7 advises."""
    return _rewritten(reply, lambda data: b": keep-alive\n\n" + data)


@quirk
def crlf_line_ends(reply: Reply) -> Reply:
    """Lines end in CR LF, one of the three line ends of 9.2.5."""
    return _rewritten(reply, lambda data: data.replace(b"\n", b"\r\n"))


@quirk
def cr_line_ends(reply: Reply) -> Reply:
    """Lines end in CR alone, one of the three line ends of 9.2.5."""
    return _rewritten(reply, lambda data: data.replace(b"\n", b"\r"))


@quirk
def no_space_after_colon(reply: Reply) -> Reply:
    """The space after the colon of a field is optional (9.2.6)."""

    def closed(data: bytes) -> bytes:
        lines = data.split(b"\n")
        return b"\n".join(line.replace(b"data: ", b"data:", 1) for line in lines)

    return _rewritten(reply, closed)


@quirk
def byte_order_mark(reply: Reply) -> Reply:
    """A stream may begin with a byte order mark, which 9.2.5 ignores."""
    if not reply.streamed or not reply.frames:
        return reply
    first, *rest = reply.frames
    return reply.with_frames([Frame(first.at, BOM + first.data), *rest])


@quirk
def other_fields(reply: Reply) -> Reply:
    """Events may have a type, an id and a reconnection time (9.2.6)."""

    def added(data: bytes) -> bytes:
        if not data.startswith(b"data:"):
            return data
        return b"event: message\nid: 7\nretry: 3000\n" + data

    return _rewritten(reply, added)


@quirk
def blank_lines(reply: Reply) -> Reply:
    """Blank lines without preceding data dispatch no event (9.2.6)."""
    return _rewritten(reply, lambda data: data + b"\n\n")


@quirk
def data_in_several_lines(reply: Reply) -> Reply:
    """Data may span several lines, which the parser joins with LF (9.2.6)."""
    if not reply.streamed:
        return reply
    return reply.with_frames(map(_spread, reply.frames))


def _spread(frame: Frame) -> Frame:
    """Break the line after the opening brace, where JSON allows white space."""
    if event_json(frame) is MISSING or not frame.data.startswith(b"data: {"):
        return frame
    return Frame(frame.at, sse.encode(b"{\n" + frame.data[7:].strip()))


@quirk
def events_in_fragments(reply: Reply) -> Reply:
    """TCP does not preserve events: a read may end inside a character."""
    if not reply.streamed:
        return reply
    return reply.with_frames(
        part for frame in reply.frames for part in _fragments(frame)
    )


def _fragments(frame: Frame) -> Iterator[Frame]:
    """Yield the halves of a frame, cut inside a multi-byte character if it has one."""
    data = frame.data
    inside = [n for n, byte in enumerate(data) if byte in CONTINUATION]
    cut = inside[0] if inside else len(data) // 2
    yield Frame(frame.at, data[:cut])
    yield Frame(frame.at, data[cut:])


@quirk
def events_together(reply: Reply) -> Reply:
    """Several events may arrive in one read."""
    if not reply.streamed:
        return reply
    frames = reply.frames
    pairs = [frames[n : n + 2] for n in range(0, len(frames), 2)]
    return reply.with_frames(
        Frame(pair[-1].at, b"".join(frame.data for frame in pair)) for pair in pairs
    )
