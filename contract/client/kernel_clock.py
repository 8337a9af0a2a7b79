"""
The kernel's receive time of the bytes that were read, on the clock of the recorder.

A stamp that a program takes after a read is late by whatever kept the program from
reading. Linux notes when each segment arrived, on the wall clock, and `recvmsg` returns
the time of the last segment of a read (`SO_TIMESTAMPNS`, socket(7)).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

# Neither number is a constant of the module `socket`. The first is the one of all
# architectures but SPARC and PA-RISC, where the message is missing and `now` applies.
SO_TIMESTAMPNS = 35
# Bytes for the control messages of one read.
ROOM = 128
# Seconds and nanoseconds, as long integers of the machine: a `struct timespec`.
_TIMESPEC = struct.Struct("@ll")
_SECOND = 1_000_000_000
# Nanoseconds by which two readings of the difference between the clocks may differ if
# neither was set in between, and by which a stamp may be before the bytes were asked
# for. A clock that is set by less than that moves a stamp by less than that.
TOLERANCE = 50_000
# Pairs of readings for one calibration; the one that took the shortest time counts.
_PAIRS = 12

Message = tuple[int, int, bytes]
Clock = Callable[[], int]


class KernelClock:
    """
    Places receive times of the kernel on the clock `time.perf_counter`; thread-safe.

    The wall clock may be set at any moment, so each stamp is used only if the clocks
    differ by as much as before, and if it lies between the request and now. Otherwise
    the time of the read applies, as it does on platforms without such stamps.

    Usage: `clock.enable(connection)` once it is connected, then
    `data, messages, *_ = connection.recvmsg(65_536, ROOM)` and
    `at = clock.arrival(messages, earliest)`.

    `stamped` and `unstamped` count the reads of either kind.
    """

    def __init__(
        self, wall: Clock = time.time_ns, monotonic: Clock = time.perf_counter_ns
    ) -> None:
        """
        Compare the clocks.

        Args:
            wall: The clock of the kernel's stamps, in nanoseconds.
            monotonic: The clock of the results, in nanoseconds.
        """
        self._wall, self._monotonic = wall, monotonic
        self.stamped = self.unstamped = 0
        self._offset, self._doubt = self._compared()
        # Stamping is switched on for the whole machine with the first socket that asks
        # for it, a moment later; one that stays open keeps it on.
        self._keeper: socket.socket | None = None
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                self._keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self.enable(self._keeper)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the kernel stop stamping, unless others need it."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    @staticmethod
    def enable(connection: socket.socket) -> bool:
        """Ask for stamps of the reads of *connection*; return whether they may come."""
        if sys.platform != "linux":
            return False
        try:
            connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        except OSError:
            return False
        return True

    def arrival(self, messages: Iterable[Message], earliest: float) -> float:
        """
        Return when the bytes arrived that were just read, in seconds of `perf_counter`.

        Args:
            messages: The control messages, as `recvmsg` returns them.
            earliest: Seconds before which they cannot have arrived: when the request
                was sent, or the arrival before them.
        """
        now, wall = self._monotonic(), self._wall()
        stamp = _stamp(messages)
        if stamp is None or self._was_set(wall - now):
            self.unstamped += 1
            return now / _SECOND
        at = stamp - self._offset
        floor = round(earliest * _SECOND)
        if not floor - TOLERANCE <= at <= now + TOLERANCE:
            self.unstamped += 1
            return now / _SECOND
        self.stamped += 1
        return min(max(at, floor), now) / _SECOND

    def _was_set(self, difference: int) -> bool:
        """
        Return whether the wall clock was set since the last comparison.

        *difference* is that of two readings between which the thread may have paused.
        """
        if abs(difference - self._offset) <= TOLERANCE:
            return False
        offset, doubt = self._compared()
        moved = abs(offset - self._offset) > TOLERANCE + doubt + self._doubt
        if moved or doubt <= self._doubt:
            self._offset, self._doubt = offset, doubt
        return moved

    def _compared(self) -> tuple[int, int]:
        """Return by how much the wall clock is ahead, and by how much that may err."""
        pairs = []
        for _ in range(_PAIRS):
            before = self._monotonic()
            wall = self._wall()
            doubt = (self._monotonic() - before + 1) // 2
            pairs.append((doubt, wall - before - doubt))
        doubt, offset = min(pairs)
        return offset, doubt


def _stamp(messages: Iterable[Message]) -> int | None:
    """Return the stamp in the control messages of a read, in nanoseconds, or None."""
    for level, kind, data in messages:
        if (
            level == socket.SOL_SOCKET
            and kind == SO_TIMESTAMPNS
            and len(data) >= _TIMESPEC.size
        ):
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * _SECOND + int(nanoseconds)
    return None
