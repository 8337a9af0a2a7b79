"""Response body for httpx made of frames, for the mock in a consumer's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx

from contract.model.reply import Frame


class Frames(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A stream of frames for sync and async clients, which httpx checks by base."""

    def __init__(self, frames: tuple[Frame, ...]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[bytes]:
        for frame in self._frames:
            yield frame.data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for frame in self._frames:
            yield frame.data
