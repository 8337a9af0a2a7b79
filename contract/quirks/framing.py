"""Oddities of a stream's bytes; HTML 9.2 allows every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract.model import sse
from contract.model.check import quirk
from contract.model.reply import (
    Frame,
    Reply,
    event_json,
)
from contract.model.strict_json import MISSING

BOM = b"\xef\xbb\xbf"
CONTINUATION = range(0x80, 0xC0)  # every byte of a character but its first


def _rewritten(reply: Reply, change: Callable[[bytes], bytes]) -> Reply:
    """The frames of a stream with other bytes; other replies stay."""
    if not reply.streamed:
        return reply
    return reply.with_frames(Frame(f.at, change(f.data)) for f in reply.frames)


@quirk
def keep_alive_comments(reply: Reply) -> Reply:
    """Comments between the events, as 9.2.7 advises against idle time-outs."""
    return _rewritten(reply, lambda data: b": keep-alive\n\n" + data)


@quirk
def crlf_line_ends(reply: Reply) -> Reply:
    """Lines end in CR LF, one of the three ways of 9.2.5."""
    return _rewritten(reply, lambda data: data.replace(b"\n", b"\r\n"))


@quirk
def cr_line_ends(reply: Reply) -> Reply:
    """Lines end in CR alone, one of the three ways of 9.2.5."""
    return _rewritten(reply, lambda data: data.replace(b"\n", b"\r"))


@quirk
def no_space_after_colon(reply: Reply) -> Reply:
    """The space behind a field's colon may be left out, says 9.2.6."""

    def closed(data: bytes) -> bytes:
        lines = data.split(b"\n")
        return b"\n".join(line.replace(b"data: ", b"data:", 1) for line in lines)

    return _rewritten(reply, closed)


@quirk
def byte_order_mark(reply: Reply) -> Reply:
    """A stream may begin with one, which 9.2.5 says to ignore."""
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
    """Blank lines without data before them dispatch nothing (9.2.6)."""
    return _rewritten(reply, lambda data: data + b"\n\n")


@quirk
def data_in_several_lines(reply: Reply) -> Reply:
    """Data may be spread over lines, which a reader joins with LF (9.2.6)."""
    if not reply.streamed:
        return reply
    return reply.with_frames(map(_spread, reply.frames))


def _spread(frame: Frame) -> Frame:
    """White space is free between the brace and the first name."""
    if event_json(frame) is MISSING or not frame.data.startswith(b"data: {"):
        return frame
    return Frame(frame.at, sse.encode(b"{\n" + frame.data[7:].strip()))


@quirk
def events_in_fragments(reply: Reply) -> Reply:
    """TCP knows no events: reads end anywhere, even inside a character."""
    if not reply.streamed:
        return reply
    return reply.with_frames(
        part for frame in reply.frames for part in _fragments(frame)
    )


def _fragments(frame: Frame) -> Iterator[Frame]:
    """The halves of a frame, cut inside a character where there is a long one."""
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
