"""
Prints how many bytes of memory the judges need for one stream of the mock.

Usage: `python benchmarks/peak.py DIALECT EVENTS`. The bytes of the stream are part of
it; the process as it was after a short stream is not, nor is making the stream.
"""

from __future__ import annotations

import os
import pickle
import re
import sys
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from streams import judged, judges, recorded

from contract.model.exchange import Arrival, Exchange


def written(dialect: str, events: int, path: str) -> None:
    """Write the reads of a stream to a file; run in a process of its own."""
    arrivals = recorded(dialect, events).arrivals
    with Path(path).open("wb") as file:
        for arrival in arrivals:
            pickle.dump((arrival.at, arrival.data), file)


def read(path: str, like: Exchange) -> Exchange:
    """The exchange of the reads in a file."""
    arrivals = []
    with Path(path).open("rb") as file:
        while file.peek(1):
            arrivals.append(Arrival(*pickle.load(file)))  # noqa: S301  # written above
    return replace(like, arrivals=tuple(arrivals), elapsed=arrivals[-1].at)


def main(dialect: str, events: int) -> None:
    short = recorded(dialect, 200, room=events)
    checks = judges(short)
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "stream")  # noqa: PTH118  # sent to a process
        maker = get_context("spawn").Process(
            target=written, args=(dialect, events, path)
        )
        maker.start()
        maker.join()
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again
        before = peak()
        exchange = read(path, short)
    found = judged(exchange, checks)
    assert found == 0, found
    print(len(exchange.arrivals), peak() - before)


def peak() -> int:
    """The highest resident size of this process so far, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
