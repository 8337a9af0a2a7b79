"""
Streams through proxies, each event with the time between its send and its arrival.

Usage: `python proxy_clients.py OUT STREAMS ROUNDS NAME=PORT…`. The rounds of all ports
alternate, so that whatever else the machine does strikes each of them. The client is
the bare protocol of `clock_clients`, on a core of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import uvloop
from clock_clients import all_bare, pairs


def main() -> None:
    out, streams, rounds, *places = sys.argv[1:]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found: dict[str, list[list[tuple[int, int]]]] = {}

    async def run() -> None:
        for number in range(int(rounds) + 1):
            for place in places:
                name, _, port = place.partition("=")
                taken = await all_bare(int(port), int(streams))
                if number:
                    one = [pair for stamps in taken for pair in pairs(stamps)]
                    found.setdefault(name, []).append(one)
                await asyncio.sleep(0.2)

    uvloop.run(run())
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
