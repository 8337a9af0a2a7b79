"""What `load` itself costs: streams per CPU second, and how late it reacts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from load import serving

from contract.client.route import DIRECT
from contract.load.plan import LoadPlan
from contract.load.running import Engines
from contract.load.scenario import parse
from contract.testing.rehearsal import clean

PEER = Path(__file__).parent / "fast_http_user.py"
SERVER = [
    *(sys.executable, "-m", "contract", "serve", "--port", "{port}", "--dialect"),
    *("vllm", "--ttft", "20ms", "--icl", "2ms"),
]
CHUNKS = 200
SECONDS = 8.0
CHAT = {
    "name": "loop",
    "messages": [{"role": "user", "content": "Go on. #loop"}],
    "max-tokens": CHUNKS,
}


@pytest.mark.parametrize("users", [pytest.param(4, marks=pytest.mark.lengthy), 16])
def test_streams_per_cpu_second(benchmark, users):
    """Each stream is triaged, timed and searched for tickets; the peer only reads."""
    profile = clean("vllm-0.32").profile
    with serving(SERVER, "/v1/models") as server:
        url = f"http://127.0.0.1:{server.port}"
        plan = LoadPlan(
            url=url,
            profile=profile,
            model="magistral-small-2509",
            scenario=parse({"chats": [CHAT]}, "loop"),
            users=users,
            duration=SECONDS,
            warm_up=1.0,
            most=1_000_000,
        )
        with Engines.local(None, DIRECT) as engines:
            step = benchmark.pedantic(
                engines.run, (plan, profile), {"more": True}, rounds=1
            )
        body = {
            "model": "magistral-small-2509",
            "messages": CHAT["messages"],
            "max_tokens": CHUNKS,
            "stream": True,
        }
        peer = subprocess.run(
            [sys.executable, PEER, url, str(users), f"{SECONDS:g}", json.dumps(body)],
            capture_output=True,
            text=True,
            check=True,
        )
    (generator,) = step.generators
    totals = step.totals
    assert totals.kinds == {"answered": totals.sent}
    assert float(peer.stdout.split()[0]) > 0
    streams, cpu = map(float, peer.stdout.split())
    ours = totals.sent / (generator.cpu * (totals.seconds + plan.warm_up))
    theirs = streams / cpu
    benchmark.extra_info |= {"ours": ours, "peer": theirs, "ratio": ours / theirs}
    print(
        f"\n{users} users: {ours:.0f} streams of {CHUNKS} chunks per CPU second "
        f"({totals.rate(totals.measured):.1f}/s at {generator.cpu:.0%} of a core, "
        f"reacted {1_000 * generator.lag_p95:.1f} ms late at p95), "
        f"FastHttpUser {theirs:.0f}: ratio {ours / theirs:.2f}"
    )
    assert ours > theirs / 20
