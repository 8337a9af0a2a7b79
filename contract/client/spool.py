"""Bytes of responses: in memory up to a bound, then in a temporary file."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from tempfile import TemporaryFile
from typing import IO, overload
from weakref import finalize

from contract.model.exchange import Arrival, Exchange

IN_MEMORY = 32 * 2**20  # bytes; an ordinary run has a few megabytes
ON_DISK = 4 * 2**30  # bytes
_BLOCK = 2**20  # bytes that are read from the file at a time


class SpoolFull(Exception):  # noqa: N818  # a state of the run, not an error
    """Raised instead of keeping more bytes; the message is a clause for a report."""


class Spool:
    """
    The bytes of the responses of one run; safe to use from threads.

    Usage: `exchange = spool.kept(exchange)`. The file has no name, so it is gone when
    the last exchange is, however the program ends.
    """

    def __init__(self, in_memory: int = IN_MEMORY, on_disk: int = ON_DISK) -> None:
        """Keep *in_memory* bytes in memory, and further *on_disk* bytes in a file."""
        self._in_memory, self._on_disk = in_memory, on_disk
        self._used = self._written = 0
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()

    def kept(self, exchange: Exchange) -> Exchange:
        """
        Return *exchange* with its bytes where there is room for them.

        Raises `SpoolFull` if there is none, or if the file cannot be written.
        """
        size = exchange.size
        with self._lock:
            if self._used + size <= self._in_memory:
                self._used += size
                return exchange
            if self._written + size > self._on_disk:
                raise SpoolFull(
                    f"the responses of the run have more than {self._on_disk} bytes"
                )
            try:
                start = self._append(exchange.arrivals)
            except OSError as error:
                raise SpoolFull(
                    "the responses of the run do not fit on the disk for temporary "
                    f"files ({error.strerror}); set TMPDIR to a folder with more room"
                ) from error
        return replace(exchange, arrivals=_Spooled(self, exchange.arrivals, start))

    def _append(self, arrivals: Sequence[Arrival]) -> int:
        """Write the bytes of *arrivals*; return where they start."""
        if self._file is None:
            self._file = TemporaryFile(prefix="magistral-contract-")  # noqa: SIM115  # closed below
            finalize(self, self._file.close)
        start = self._written
        self._file.seek(start)
        for arrival in arrivals:
            self._file.write(arrival.data)
            self._written += len(arrival.data)
        self._file.flush()
        return start

    def read(self, start: int, size: int) -> bytes:
        """Return *size* bytes of the file from *start*."""
        with self._lock:
            if self._file is None:
                return b""
            self._file.seek(start)
            return self._file.read(size)


class _Spooled(Sequence[Arrival]):
    """The arrivals of one exchange: times and sizes in memory, bytes in the file."""

    def __init__(self, spool: Spool, arrivals: Sequence[Arrival], start: int) -> None:
        self._spool, self._start = spool, start
        self._times = array("d", (arrival.at for arrival in arrivals))
        self._sizes = array("Q", (len(arrival.data) for arrival in arrivals))
        self.size = sum(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    @overload
    def __getitem__(self, index: int) -> Arrival: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Arrival, ...]: ...
    def __getitem__(self, index: int | slice) -> Arrival | tuple[Arrival, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        number = range(len(self))[index]
        start = self._start + sum(self._sizes[:number])
        data = self._spool.read(start, self._sizes[number])
        return Arrival(self._times[number], data)

    def __iter__(self) -> Iterator[Arrival]:
        place, block, used = self._start, b"", 0
        end = self._start + self.size
        for at, size in zip(self._times, self._sizes, strict=True):
            if len(block) - used < size:
                place += used
                most = min(max(size, _BLOCK), end - place)
                block, used = self._spool.read(place, most), 0
            yield Arrival(at, block[used : used + size])
            used += size
