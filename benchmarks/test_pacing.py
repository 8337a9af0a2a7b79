"""Whether a stream keeps its plan: drift of its length, against sleeping per chunk."""

from __future__ import annotations

import json
import statistics
import sys
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from load import Tally, post, run, serving

TTFT, ICL, CHUNKS = 0.050, 0.010, 200
JSON = {"content-type": "application/json"}
REQUEST = json.dumps(
    {
        "model": "magistral-small-2509",
        "messages": [{"role": "user", "content": "#loop"}],
        "max_tokens": CHUNKS,
        "stream": True,
    }
).encode()


def text_chunks(port: int) -> int:
    """Return how many chunks of the paced stream carry text."""
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    body = httpx.post(url, content=REQUEST, headers=JSON, timeout=60).content
    answered = body.count(b'"content":"') - body.count(b'"content":""')
    return answered + body.count(b'"reasoning":"')


def drift(tally: Tally, planned: float) -> float:
    """Median excess of the streams' length over the plan, as a share of the plan."""
    lengths = [stamps[-1] - stamps[0] for stamps in tally.stamps]
    return statistics.median(lengths) / planned - 1


@pytest.mark.parametrize("streams", [1, 50])
def test_drift_of_a_paced_stream(benchmark, streams, tmp_path, monkeypatch):
    command = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]
    pace = ["--dialect", "vllm", "--ttft", f"{TTFT}s", "--icl", f"{ICL}s"]
    with serving([*command, *pace], "/v1/models") as mock:
        wire = post(mock.port, REQUEST)
        run(mock.port, wire, total=1)
        tally = benchmark.pedantic(
            run,
            (mock.port, wire),
            {"total": streams, "connections": streams},
            rounds=1,
        )
        texts = text_chunks(mock.port)
    planned = TTFT + ICL * (texts - 1)
    ours = drift(tally, planned)
    (tmp_path / "body").write_bytes(b"\0".join([b"data: {}\n\n"] * CHUNKS))
    monkeypatch.setenv("BARE_BODY", str(tmp_path / "body"))
    monkeypatch.setenv("BARE_TTFT", str(TTFT))
    monkeypatch.setenv("BARE_GAP", str(ICL))
    bare = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(__file__).parent)]
    flags = ["--port", "{port}", "--loop", "uvloop", "--no-access-log"]
    with serving([*bare, *flags, "bare:stream"], "/") as sleeper:
        wire = post(sleeper.port, REQUEST)
        tally = run(sleeper.port, wire, total=streams, connections=streams)
    theirs = drift(tally, TTFT + ICL * CHUNKS)
    benchmark.extra_info["drift_percent"] = round(100 * ours, 3)
    benchmark.extra_info["sleeping_per_chunk_drift_percent"] = round(100 * theirs, 3)
    print(f"\n{streams} streams: drift {ours:+.2%}, sleeping per chunk {theirs:+.2%}")

    assert abs(ours) < 1


def test_a_thousand_streams_keep_their_pace(benchmark):
    """20 tokens a second each; as the client sees it, with its own error in it."""
    icl, tokens = 0.05, 60
    request = json.dumps(
        {
            "model": "magistral-small-2509",
            "messages": [{"role": "user", "content": "Count from 1 to 20, please."}],
            "max_tokens": tokens,
            "stream": True,
        }
    ).encode()
    command = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]
    pace = ["--dialect", "vllm", "--ttft", "2s", "--icl", f"{icl}s"]
    with serving([*command, *pace], "/v1/models") as mock:
        wire = post(mock.port, request)
        run(mock.port, wire, total=1)
        before = mock.cpu()
        tally = benchmark.pedantic(
            run,
            (mock.port, wire),
            {"total": 1_000, "connections": 1_000},
            rounds=1,
        )
        cpu = mock.cpu() - before
    drifts, errors = [], []
    for stamps in tally.stamps:
        # The first stamp is the request, the second the role; the finish, the usage
        # and [DONE] come with the last text.
        texts = stamps[2:]
        gaps = [later - sooner for sooner, later in pairwise(texts)]
        paced = [gap for gap in gaps if gap > icl / 2]
        errors += [abs(gap - icl) for gap in paced]
        drifts.append((texts[-1] - texts[0]) / (icl * len(paced)) - 1)
    errors.sort()
    drift = statistics.median(drifts)
    late = errors[int(0.99 * len(errors))]
    print(
        f"\n1,000 streams: length {drift:+.3%}, ICL error p99 {1000 * late:.2f} ms, "
        f"{1e6 * cpu / sum(map(len, tally.stamps)):.0f} us of the server for an event"
    )
    benchmark.extra_info["drift_percent"] = round(100 * drift, 3)
    benchmark.extra_info["icl_error_p99_ms"] = round(1000 * late, 2)

    assert len(drifts) == 1_000
