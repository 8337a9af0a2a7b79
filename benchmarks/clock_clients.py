"""
Clients whose time stamps are compared with the send times that `serve` writes.

Usage: `python clock_clients.py CLIENT PORT STREAMS ROUNDS OUT`. Opens STREAMS streams
at once, ROUNDS times after a round that does not count, and writes to OUT, by round,
what it took for the arrival of each event beside the time at which the server sent it,
both in nanoseconds of the monotonic clock, and the CPU time for each event.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__" and sys.argv[1] == "ours-gevent":
    from gevent import monkey

    monkey.patch_all()

import httptools
import httpx
import uvloop

PATH = "/v1/chat/completions"
QUESTION = "Tell the long story."
Stamps = list[tuple[int, bytes]]
now = time.monotonic_ns


def body() -> bytes:
    """The request of every client."""
    return json.dumps(
        {
            "model": "magistral-small-2509",
            "messages": [{"role": "user", "content": QUESTION}],
            "max_tokens": 2_000,
            "stream": True,
        }
    ).encode()


BODY = body()
HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}


def recorder(*, stamped: bool) -> Callable[[int, int], list[Stamps]]:
    """The recorder of this package, in a thread (or greenlet) for each stream."""
    from contract.catalog.profiles import builtin  # noqa: PLC0415
    from contract.client.recorder import Recorder  # noqa: PLC0415
    from contract.client.timeouts import Limits  # noqa: PLC0415
    from contract.model.probe import Probe  # noqa: PLC0415
    from contract.model.wire import Request  # noqa: PLC0415

    profile, probe = builtin()["vllm-0.32"], Probe(name="clock", stream=True)
    request = Request("POST", PATH, tuple(HEADERS.items()), BODY)

    def streams(port: int, count: int) -> list[Stamps]:
        done = []
        watches = {}
        with Recorder(f"http://127.0.0.1:{port}", Limits(), stamped=stamped) as one:
            watch = one._transport.watch  # noqa: SLF001  # for the time of the start

            def kept(*arguments, **more):
                watches[threading.get_ident()] = made = watch(*arguments, **more)
                return made

            one._transport.watch = kept  # noqa: SLF001

            def record() -> None:
                exchange = one.record(probe, profile, request)
                done.append((watches[threading.get_ident()].started, exchange))

            threads = [threading.Thread(target=record) for _ in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            times = one.times
        print(times, file=sys.stderr)
        return [
            [(round((start + a.at) * 1e9), a.data) for a in exchange.arrivals]
            for start, exchange in done
        ]

    return streams


async def with_httpx(client: httpx.AsyncClient, port: int) -> Stamps:
    stamps: Stamps = []
    url = f"http://127.0.0.1:{port}{PATH}"
    async with client.stream("POST", url, content=BODY, headers=HEADERS) as response:
        async for line in response.aiter_lines():
            if line:
                stamps.append((now(), line.encode()))
    return stamps


async def all_httpx(port: int, count: int) -> list[Stamps]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        return await asyncio.gather(*(with_httpx(client, port) for _ in range(count)))


async def with_aiohttp(session, port: int) -> Stamps:
    stamps: Stamps = []
    url = f"http://127.0.0.1:{port}{PATH}"
    async with session.post(url, data=BODY, headers=HEADERS) as response:
        async for data in response.content.iter_any():
            stamps.append((now(), data))  # each has its own time
    return stamps


async def all_aiohttp(port: int, count: int) -> list[Stamps]:
    import aiohttp  # noqa: PLC0415  # a peer that may be missing

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        return await asyncio.gather(
            *(with_aiohttp(session, port) for _ in range(count))
        )


class Bare(asyncio.Protocol):
    """The least that a client in Python can do: httptools on a transport."""

    def __init__(self) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.stamps: Stamps = []
        self._parser = httptools.HttpResponseParser(self)
        self._at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        transport.write(
            f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\n{head}"
            f"content-length: {len(BODY)}\r\n\r\n".encode()
            + BODY
        )

    def data_received(self, data: bytes) -> None:
        self._at = now()
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self.stamps.append((self._at, data))

    def on_message_complete(self) -> None:
        self._transport.close()
        self.done.set_result(self.stamps)


async def all_bare(port: int, count: int) -> list[Stamps]:
    loop = asyncio.get_running_loop()
    made = await asyncio.gather(
        *(loop.create_connection(Bare, "127.0.0.1", port) for _ in range(count))
    )
    return [await protocol.done for _, protocol in made]


CLIENTS: dict[str, Callable[[], Callable[[int, int], list[Stamps]]]] = {
    "ours": lambda: recorder(stamped=True),
    "ours-gevent": lambda: recorder(stamped=True),
    "ours-httpx": lambda: recorder(stamped=False),
    "httpx": lambda: lambda *a: asyncio.run(all_httpx(*a)),
    "aiohttp+uvloop": lambda: lambda *a: uvloop.run(all_aiohttp(*a)),
    "bare-uvloop": lambda: lambda *a: uvloop.run(all_bare(*a)),
}


def pairs(stamps: Stamps) -> list[tuple[int, int]]:
    """The stamp of each event beside its send time; a line may be in two portions."""
    found = []
    rest = b""
    for at, data in stamps:
        *lines, rest = (rest + data + b"\n" * (b"\n" not in data)).split(b"\n")
        for line in lines:
            if line.startswith(b'data: {"sent_at"'):
                sent = json.loads(line[6:])["sent_at"]["monotonic_ns"]
                found.append((at, sent))
    return found


def main() -> None:
    name, port, count, rounds, out = sys.argv[1:]
    streams = CLIENTS[name]()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    result = []
    cpu = 0.0
    for number in range(int(rounds) + 1):
        before = time.process_time()
        taken = streams(int(port), int(count))
        if number:
            cpu += time.process_time() - before
            result.append([pair for one in taken for pair in pairs(one)])
    events = sum(map(len, result))
    Path(out).write_text(
        json.dumps({"rounds": result, "cpu_us": 1e6 * cpu / max(events, 1)})
    )


if __name__ == "__main__":
    main()
