"""What `proxy` adds to the latency of each event of a stream, beside bare proxies."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import proxy_clients
import pytest
from load import PYTHON, serving
from test_clock import clock_server, quantile, taken

pytestmark = [
    pytest.mark.lengthy,
    pytest.mark.skipif(
        sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
        reason="needs Linux and two cores",
    ),
]
# Milliseconds at the 99th percentile that it adds beyond the least that a proxy in
# Python adds, a copier of bytes, while it judges and saves on the same cores.
LIMIT = 1.0
ROUNDS = 5
# Nanoseconds that the server needs for a write; see test_clock.
LONGEST_WRITE = 200_000
HERE = Path(__file__).parent
PEERS = os.environ.get("PROXY_PEERS", "")


@contextlib.contextmanager
def proxies(upstream: int, folder: Path):
    """Our proxy, which judges and saves, and its peers; yields their ports by name."""
    url = f"http://127.0.0.1:{upstream}/v1"
    ours = [PYTHON, "-m", "contract", "proxy", "--upstream", url, "-q"]
    ours += ["--profile", "vllm", "--port", "{port}", "--save", str(folder / "saved")]
    commands = {
        "ours": ours,
        "bare tcp": [
            PYTHON,
            str(HERE / "bare_proxy.py"),
            "tcp",
            "{port}",
            str(upstream),
        ],
        "httpx": [
            PYTHON,
            str(HERE / "bare_proxy.py"),
            "httpx",
            "{port}",
            str(upstream),
        ],
    }
    mitmdump = shutil.which("mitmdump", path=PEERS or None)
    if mitmdump:
        commands["mitmdump"] = [
            *(mitmdump, "-q", "--mode", f"reverse:http://127.0.0.1:{upstream}"),
            *("--listen-port", "{port}", "--set", "stream_large_bodies=1"),
        ]
    else:
        print("\nmitmdump: left out, install mitmproxy and set PROXY_PEERS to its bin")
    with contextlib.ExitStack() as stack:
        ports = {"direct": upstream}
        for name, command in commands.items():
            ports[name] = stack.enter_context(serving(command, "/v1/models")).port
        yield ports


@pytest.mark.parametrize(
    ("streams", "icl", "words"), [(1, 0.005, 200), (64, 0.02, 80), (256, 0.05, 60)]
)
def test_latency_that_is_added_to_events(streams, icl, words, tmp_path):
    out = tmp_path / "out.json"
    with (
        clock_server(tmp_path, icl, words) as server,
        proxies(server.port, tmp_path) as ports,
    ):
        command = [PYTHON, str(Path(proxy_clients.__file__)), str(out), str(streams)]
        places = [f"{name}={port}" for name, port in ports.items()]
        subprocess.run([*command, str(ROUNDS), *places], check=True, timeout=500)
        sure = {
            sent
            for one in taken(server)
            for sent, written in zip(one["sent_ns"], one["written_ns"], strict=True)
            if written - sent < LONGEST_WRITE
        }
    found = {
        name: [
            sorted((at - sent) / 1e6 for at, sent in one if sent in sure)
            for one in rounds
        ]
        for name, rounds in json.loads(out.read_text()).items()
    }
    for name, rounds in found.items():
        # A peer that is too slow for so many streams ends none of them in a round.
        found[name] = [one for one in rounds if one]
        if not found[name]:
            print(f"\n{name}: no event arrived with {streams} streams")
    found = {name: rounds for name, rounds in found.items() if rounds}
    # What keeps another program from running only adds: the best round counts.
    best = {
        name: {share: min(quantile(r, share) for r in rounds) for share in (0.5, 0.99)}
        for name, rounds in found.items()
    }
    print(f"\n{streams} streams, an event every {1000 * icl:g} ms; ms after the send")
    for name, one in best.items():
        p50, p99 = one[0.5] - best["direct"][0.5], one[0.99] - best["direct"][0.99]
        print(
            f"{name:10} p50 {one[0.5]:7.3f}  p99 {one[0.99]:7.3f}   "
            f"added p50 {p50:7.3f}  p99 {p99:7.3f}   "
            f"{sum(map(len, found[name]))} events"
        )

    assert best["ours"][0.99] - best["bare tcp"][0.99] <= LIMIT
