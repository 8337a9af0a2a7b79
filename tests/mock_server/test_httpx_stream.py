"""Frames as the body of an httpx response."""

from __future__ import annotations

import asyncio

import httpx

from contract.mock_server.httpx_stream import Frames
from contract.model.reply import Frame

BODY = Frames((Frame(0.0, b"data: 1\n\n"), Frame(1.0, b"data: 2\n\n")))


def test_a_client_reads_frame_by_frame_without_waiting():
    response = httpx.Response(200, stream=BODY)

    assert list(response.iter_raw()) == [b"data: 1\n\n", b"data: 2\n\n"]


def test_an_async_client_reads_the_same():
    async def read():
        response = httpx.Response(200, stream=BODY)
        return [part async for part in response.aiter_raw()]

    assert asyncio.run(read()) == [b"data: 1\n\n", b"data: 2\n\n"]
