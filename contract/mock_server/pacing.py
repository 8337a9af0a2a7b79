"""Frames of a stream, written at their times by timers of the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from contract.model.chat import Json
from contract.model.reply import Frame

# Streams whose times are kept; the oldest is forgotten.
KEPT = 4_096
# uvloop's timers count whole milliseconds and may fire before their time; half of one
# more lets them fire after it.
_ROUNDING = 0.0005
_EVENT = b"data: {"
_MOST_JOINED = 65_536  # bytes of one write


@dataclass(slots=True)
class Times:
    """When one stream was sent, in nanoseconds of `time.monotonic_ns`."""

    # The request was read.
    received: int
    # Each event was about to be written, and the write had returned.
    sent: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    def stamped(self, data: bytes) -> bytes:
        """
        Return the frame *data* with the time of this moment in it, and note that.

        `written` gets the same time until the write has returned. Bytes that do not
        begin as an event with a JSON object get no time.
        """
        sent = time.monotonic_ns()
        self.sent.append(sent)
        self.written.append(sent)
        if not data.startswith(_EVENT):
            return data
        comma = b"" if data.startswith(b"data: {}") else b","
        return b'data: {"sent_at":{"monotonic_ns":%d,"unix_ns":%d}%b%b' % (
            sent,
            time.time_ns(),
            comma,
            data[len(_EVENT) :],
        )


class Timestamps:
    """
    The send times of a server's streams: in each event, and of the last streams.

    Usage: `app(provider, timestamps=Timestamps())`; `events` are the members that an
    event gets, `answer` what `GET /__magistral__/timestamps` returns.
    """

    PATH = "/__magistral__/timestamps"

    def __init__(self) -> None:
        self._streams: deque[Times] = deque(maxlen=KEPT)

    def begin(self, received: float) -> Times:
        """Return the times of a new stream; *received* is in `time.monotonic`."""
        times = Times(round(received * 1e9))
        self._streams.append(times)
        return times

    def answer(self) -> Json:
        """Return the times of the last streams, the oldest first."""
        return {
            "streams": [
                {
                    "received_ns": times.received,
                    "sent_ns": list(times.sent),
                    "written_ns": list(times.written),
                }
                for times in self._streams
            ]
        }

    def clear(self) -> None:
        """Forget the streams so far."""
        self._streams.clear()


class Sink:
    """
    The connection of one response that uvicorn sends in chunks.

    ASGI has no way to write from a timer. uvicorn's `send` is a method of an object
    that has the transport; with any other server `of` returns None.
    """

    def __init__(self, cycle: Any) -> None:
        # Its `disconnected` says whether the client has gone, and `write_paused` of
        # its `flow` whether the client reads too slowly for more to be written.
        self.cycle, self.flow = cycle, cycle.flow
        self._write: Callable[[bytes], None] = cycle.transport.write

    @classmethod
    def of(cls, send: object) -> Sink | None:
        """Return the sink of *send*, whose response head was sent; None without one."""
        cycle = getattr(send, "__self__", None)
        needed = ("transport", "flow", "disconnected", "chunked_encoding")
        if not all(hasattr(cycle, name) for name in needed):
            return None
        chunked = getattr(cycle, "chunked_encoding", None) is True
        scope = getattr(cycle, "scope", {})
        return cls(cycle) if chunked and scope.get("method") != "HEAD" else None

    def write_raw(self, chunks: bytes) -> None:
        """Write whole *chunks* as they are."""
        if chunks:
            self._write(chunks)

    def write(self, data: bytes) -> None:
        """Write *data* as one chunk, in one system call if the socket takes it."""
        if data:
            self._write(b"%x\r\n%b\r\n" % (len(data), data))


class Cork:
    """
    Joins what uvicorn writes within the context, so that it is one system call.

    uvicorn writes the head of a response before it has the body. With a server other
    than uvicorn, or a client that reads too slowly, nothing is joined.

    Usage: `with Cork(send): await send(head); await send(body)`.
    """

    def __init__(self, send: object) -> None:
        """*send* is the ASGI callable of the response."""
        cycle: Any = getattr(send, "__self__", None)
        flow: Any = getattr(cycle, "flow", None)
        # A paused connection makes `send` wait, and others would write meanwhile.
        able = hasattr(cycle, "transport") and flow is not None
        self._cycle = cycle if able and not flow.write_paused else None
        self._transport: Any = None
        self._parts: list[bytes] = []
        self._closes = False

    def __enter__(self) -> Self:
        if self._cycle is not None:
            self._transport, self._cycle.transport = self._cycle.transport, self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._cycle is None:
            return
        self._cycle.transport = self._transport
        if self._parts:
            self._transport.write(b"".join(self._parts))
        if self._closes:
            self._transport.close()

    def write(self, data: bytes) -> None:
        """Keep *data* until the context is left."""
        self._parts.append(data)

    def close(self) -> None:
        """Close the connection when the context is left."""
        self._closes = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Pace:
    """
    Writes the frames of one stream, each when it is due.

    Usage: `written = await Pace(sink, frames, started).run()`.
    """

    def __init__(
        self,
        sink: Sink,
        frames: Sequence[Frame],
        started: float,
        times: Times | None = None,
        *,
        joined: bool = False,
    ) -> None:
        """
        Write nothing yet.

        Args:
            sink: Where to write.
            frames: What to write.
            started: Time 0 of the frames, on the clock `time.monotonic`.
            times: Filled with the send times, which the events get as well.
            joined: Write frames that are due together in one system call.
        """
        self._sink, self._frames, self._started = sink, frames, started
        self._joined = joined
        self._times = times
        self._loop = asyncio.get_running_loop()
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None
        self._over: asyncio.Future[None] | None = None

    async def run(self, first: int = 0) -> int:
        """
        Write frames from number *first*; return the number of the first unwritten one.

        Ends early if the client has gone, or reads too slowly: then the next frame has
        to be sent in another way, which waits for it.
        """
        self._next = first
        if not self._write_due():
            self._over = self._loop.create_future()
            try:
                await self._over
            finally:
                if self._timer is not None:
                    self._timer.cancel()
        return self._next

    def stop(self) -> None:
        """End `run`, because the client has gone."""
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    def _write_due(self) -> bool:
        """Write what is due; return whether nothing is left to be done here."""
        sink, frames, started = self._sink, self._frames, self._started
        times, write = self._times, self._sink.write
        now = time.monotonic()
        while self._next < len(frames):
            frame = frames[self._next]
            if started + frame.at > now:
                now = time.monotonic()
                if (left := started + frame.at - now) > 0:
                    self._timer = self._loop.call_later(
                        left + _ROUNDING, self._continue
                    )
                    return False
            if sink.cycle.disconnected or sink.flow.write_paused:
                return True
            if self._joined:
                self._write_joined(now)
                continue
            self._next += 1
            if times is not None:
                write(times.stamped(frame.data))
                times.written[-1] = time.monotonic_ns()
            elif data := frame.data:
                write(data)
        return True

    def _write_joined(self, now: float) -> None:
        """Write all frames that are due, as one chunk for each."""
        parts: list[bytes] = []
        size = 0
        latest = now - self._started
        while self._next < len(self._frames) and size < _MOST_JOINED:
            frame = self._frames[self._next]
            if frame.at > latest:
                break
            self._next += 1
            if data := frame.data:
                if self._times is not None:
                    data = self._times.stamped(data)
                parts.append(b"%x\r\n%b\r\n" % (len(data), data))
                size += len(data)
        self._sink.write_raw(b"".join(parts))

    def _continue(self) -> None:
        if self._write_due():
            self.stop()
