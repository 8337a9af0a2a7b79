"""Frames of a stream, written at their times by timers of the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.model.chat import Json
from contract.model.reply import Frame

# Streams whose times are kept; the oldest is forgotten.
KEPT = 4_096
# uvloop's timers count whole milliseconds and may fire before their time; half of one
# more lets them fire after it.
_ROUNDING = 0.0005
_EVENT = b"data: {"


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
        self._cycle = cycle
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

    @property
    def gone(self) -> bool:
        """Whether the client has disconnected."""
        return bool(self._cycle.disconnected)

    @property
    def full(self) -> bool:
        """Whether the client reads too slowly for more to be written."""
        return bool(self._cycle.flow.write_paused)

    def write(self, data: bytes) -> None:
        """Write *data* as one chunk, in one system call if the socket takes it."""
        if data:
            self._write(b"%x\r\n%b\r\n" % (len(data), data))


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
    ) -> None:
        """
        Write nothing yet.

        Args:
            sink: Where to write.
            frames: What to write.
            started: Time 0 of the frames, on the clock `time.monotonic`.
            times: Filled with the send times, which the events get as well.
        """
        self._sink, self._frames, self._started = sink, frames, started
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
        sink, frames, started, times = (
            self._sink,
            self._frames,
            self._started,
            self._times,
        )
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
            if sink.gone or sink.full:
                return True
            if times is None:
                sink.write(frame.data)
            else:
                sink.write(times.stamped(frame.data))
                times.written[-1] = time.monotonic_ns()
            self._next += 1
        return True

    def _continue(self) -> None:
        if self._write_due():
            self.stop()
