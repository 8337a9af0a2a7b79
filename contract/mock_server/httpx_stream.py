"""Response body for httpx made of frames, for the mock in a consumer's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from contract.model.exchange import End
from contract.model.reply import Frame


class Frames(httpx.SyncByteStream, httpx.AsyncByteStream):
    """
    A stream of frames for sync and async clients, which httpx checks by base.

    Nothing sleeps: a pause of more than the client's time-out raises it at once.
    """

    def __init__(
        self,
        frames: tuple[Frame, ...],
        end: End = End.COMPLETE,
        timeout: float | None = None,
        core: Any = None,
    ) -> None:
        """
        Create a stream.

        Args:
            frames: What is sent, and when.
            end: How it ends.
            timeout: Seconds that the client waits for the next bytes; None: for ever.
            core: httpcore, or the library of its kind that raises the exceptions; None
                for a stream that only ends.
        """
        self._frames = frames
        self._end = end
        self._timeout = timeout
        self._core = core

    def __iter__(self) -> Iterator[bytes]:
        at = 0.0
        for frame in self._frames:
            if self._timeout is not None and frame.at - at > self._timeout:
                self._raise_timeout()
            at = frame.at
            yield frame.data
        if self._core is None or self._end is End.COMPLETE:
            return
        if self._end is End.RESET:
            raise self._core.ReadError("the mock reset the connection")
        self._raise_timeout()  # it would never end

    def _raise_timeout(self) -> None:
        if self._core is not None:
            raise self._core.ReadTimeout("the mock is silent for longer than that")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for data in self:
            yield data
