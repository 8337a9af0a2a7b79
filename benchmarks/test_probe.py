"""
The whole process of `probe`, as a ratio to httpx and three plain requests.

The peer is a Python that imports httpx, sends two GETs and a streamed chat to the same
server, and judges nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from load import serving
from test_startup import fastest

SERVER = [
    *(sys.executable, "-m", "contract", "serve", "--dialect", "vllm"),
    *("--port", "{port}"),
]
PEER = """
import sys, httpx
url, model = sys.argv[1:]
client = httpx.Client()
for path in ("/v1/models", "/version"):
    client.get(url + path).raise_for_status()
messages = [{"role": "user", "content": "What is 374 plus 268?"}]
body = {"model": model, "messages": messages, "stream": True}
with client.stream("POST", url + "/v1/chat/completions", json=body) as response:
    assert b"[DONE]" in b"".join(response.iter_raw())
"""
LIMIT = 2.0  # seconds, from start to end of the process, on a quiet engine
MODEL = "magistral-small-2509"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="recognised"),
        pytest.param(("--profile", "vllm"), id="named"),
    ],
)
def test_probe(benchmark, options):
    with serving(SERVER, "/v1/models") as server:
        url = f"http://127.0.0.1:{server.port}"
        peer, peer_cpu = fastest("-c", PEER, url, MODEL)
        command = ("-m", "contract", "probe", url, "--no-config", *options)
        ours, cpu = benchmark.pedantic(fastest, command, rounds=1)
        found = json.loads(
            subprocess.run(
                (sys.executable, *command, "--json"), check=True, capture_output=True
            ).stdout
        )
    benchmark.extra_info.update(
        seconds=round(ours, 3),
        ratio=round(ours / peer, 2),
        cpu_ratio=round(cpu / peer_cpu, 2),
        requests=found["requests"],
    )
    print(
        f"\nprobe {' '.join(options)}: {ours:.3f} s ({cpu:.3f} CPU s), "
        f"{found['requests']} requests; httpx and three requests {peer:.3f} s "
        f"({peer_cpu:.3f} CPU s): ratio {ours / peer:.2f}"
    )

    assert found["requests"] <= 3
    assert ours < LIMIT
