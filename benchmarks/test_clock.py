"""How far the time stamps of clients are behind the send times of one server."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import clock_clients
import httpx
import pytest
from load import Server, serving

pytestmark = [
    pytest.mark.lengthy,
    pytest.mark.skipif(
        sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
        reason="needs Linux and a core for each side",
    ),
]
CLIENTS = {
    "ours": "contract",
    "ours-gevent": "gevent",
    "ours-httpx": "contract",
    "httpx": "httpx",
    "aiohttp+uvloop": "aiohttp",
    "bare-uvloop": "uvloop",
}
LIMIT = 0.6  # milliseconds, 99th percentile
# What keeps another program from running only adds to a lag: the best round counts.
ROUNDS = 3
# Nanoseconds that the server needs for a write. In one that took longer it was paused,
# and when the bytes were sent is not known: such events count for no client.
LONGEST_WRITE = 200_000
TTFT = 0.1  # seconds
PEERS = Path(os.environ.get("CLOCK_PEERS", "/nonexistent"))


def answers(folder: Path, words: int) -> Path:
    """Custom answers of one fixed text, a token for each word."""
    path = folder / "answers.toml"
    text = " ".join(["one"] * words)
    path.write_text(f'[[answers]]\nanswer = "{text}"\n')
    return path


@contextlib.contextmanager
def clock_server(folder: Path, icl: float, words: int) -> Iterator[Server]:
    """`serve --timestamps` on a core of its own."""
    flags = ["--timestamps", "--dialect", "vllm", "--workers", "0"]
    pace = ["--ttft", f"{TTFT}s", "--icl", f"{icl}s"]
    own = ["--answers", str(answers(folder, words))]
    command = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]
    with serving([*command, *flags, *pace, *own], "/v1/models") as server:
        server.process.cpu_affinity([max(os.sched_getaffinity(0))])
        # The first chat loads the vocabulary.
        httpx.post(
            f"http://127.0.0.1:{server.port}{clock_clients.PATH}",
            content=clock_clients.BODY,
            headers=clock_clients.HEADERS,
            timeout=30,
        ).raise_for_status()
        taken(server)
        yield server


def taken(server: Server) -> list[dict[str, object]]:
    """The times of the streams since the last call, as the server knows them."""
    url = f"http://127.0.0.1:{server.port}/__magistral__/timestamps"
    return httpx.delete(url, timeout=30).json()["streams"]


def quantile(values: list[float], share: float) -> float:
    """The value below which *share* of the sorted *values* lie."""
    return values[min(len(values) - 1, int(share * len(values)))]


def lags(server: Server, client: str, streams: int, out: Path) -> dict[str, float]:
    """What *client* is behind, in milliseconds, over its events and best round."""
    command = [sys.executable, str(Path(clock_clients.__file__)), client]
    subprocess.run(
        [*command, str(server.port), str(streams), str(ROUNDS), str(out)],
        check=True,
        stderr=subprocess.DEVNULL,
        timeout=300,
    )
    result = json.loads(out.read_text())
    sure = {
        sent
        for stream in taken(server)
        for sent, written in zip(stream["sent_ns"], stream["written_ns"], strict=True)
        if written - sent < LONGEST_WRITE
    }
    rounds = [
        sorted((at - sent) / 1e6 for at, sent in pairs if sent in sure)
        for pairs in result["rounds"]
    ]
    events = sum(map(len, result["rounds"]))
    return {
        "events": events,
        "left out": round(1 - sum(map(len, rounds)) / events, 4),
        "least": rounds and min(one[0] for one in rounds),
        "p50": min(quantile(one, 0.50) for one in rounds),
        "p99": min(quantile(one, 0.99) for one in rounds),
        "p99 of the worst round": max(quantile(one, 0.99) for one in rounds),
        "cpu_us": result["cpu_us"],
    }


@pytest.mark.parametrize(
    ("streams", "icl", "words"), [(1, 0.005, 200), (64, 0.02, 80), (256, 0.05, 60)]
)
def test_stamps_against_send_times(streams, icl, words, tmp_path):
    found = {}
    with clock_server(tmp_path, icl, words) as server:
        for name, module in CLIENTS.items():
            if importlib.util.find_spec(module) is None:
                print(f"\n{name}: left out, pip install {module}")
                continue
            found[name] = lags(server, name, streams, tmp_path / "out.json")
    print(f"\n{streams} streams, an event every {1000 * icl:g} ms; lag in ms")
    for name, one in found.items():
        print(
            f"{name:15} p50 {one['p50']:7.3f}  p99 {one['p99']:8.3f} "
            f"(worst round {one['p99 of the worst round']:.3f})  "
            f"least {one['least']:6.3f}  CPU {one['cpu_us']:4.0f} us/event  "
            f"{one['events']} events, {one['left out']:.1%} left out"
        )

    for name in {"ours", "ours-gevent"} & set(found):
        assert found[name]["p99"] <= LIMIT
        assert found[name]["least"] >= 0


def aiperf(url: str, streams: int, folder: Path) -> tuple[list[float], list[float]]:
    """TTFT and mean ICL of each request in ms, as aiperf reports them."""
    prompts = folder / "prompts.jsonl"
    line = json.dumps({"text": clock_clients.QUESTION}) + "\n"
    prompts.write_text(line * 2 * streams)
    run_tool(
        "aiperf",
        *("profile", "--model", "magistral-small-2509", "--url", url, "--ui", "none"),
        *("--endpoint-type", "chat", "--streaming", "--concurrency", str(streams)),
        *("--request-count", str(2 * streams), "--tokenizer", str(folder / "hf")),
        *("--input-file", str(prompts), "--custom-dataset-type", "single_turn"),
        *("--artifact-dir", str(folder / "aiperf")),
    )
    lines = (folder / "aiperf" / "profile_export.jsonl").read_text().splitlines()
    metrics = [json.loads(line)["metrics"] for line in lines]
    return (
        [one["time_to_first_token"]["value"] for one in metrics],
        [one["inter_token_latency"]["value"] for one in metrics],
    )


def guidellm(url: str, streams: int, folder: Path) -> tuple[list[float], list[float]]:
    """TTFT and mean ICL of each request in ms, as guidellm reports them."""
    prompts = folder / "prompts.jsonl"
    line = json.dumps({"prompt": clock_clients.QUESTION}) + "\n"
    prompts.write_text(line * 2 * streams)
    out = folder / "guidellm.json"
    run_tool(
        "guidellm",
        *("run", "--disable-console"),
        *("--backend", f"kind=openai_http,target={url},model=magistral-small-2509"),
        *("--profile", f"kind=concurrent,streams={streams}"),
        *("--constraint", f"kind=max_requests,count={2 * streams}"),
        *("--tokenizer", f"kind=hf_auto,model={folder / 'hf'}"),
        *("--data", f"kind=json_file,path={prompts}"),
        *("--output", f"kind=json,path={out}"),
    )
    done = json.loads(out.read_text())["benchmarks"][0]["requests"]["successful"]
    return (
        [one["time_to_first_token_ms"] for one in done],
        [one["inter_token_latency_ms"] for one in done],
    )


def vllm(url: str, streams: int, folder: Path) -> tuple[list[float], list[float]]:
    """TTFT and ICL in ms, as `vllm bench serve` reports them, from a vLLM on PATH."""
    prompts = folder / "prompts.jsonl"
    line = json.dumps({"prompt": clock_clients.QUESTION}) + "\n"
    prompts.write_text(line * 2 * streams)
    run_tool(
        "vllm",
        *("bench", "serve", "--backend", "openai-chat", "--base-url", url),
        *("--endpoint", clock_clients.PATH, "--model", "magistral-small-2509"),
        *("--tokenizer", str(folder / "hf"), "--dataset-name", "custom"),
        *("--dataset-path", str(prompts), "--num-prompts", str(2 * streams)),
        *("--max-concurrency", str(streams), "--save-result", "--save-detailed"),
        *("--result-dir", str(folder), "--result-filename", "vllm.json"),
    )
    result = json.loads((folder / "vllm.json").read_text())
    return (
        [1000 * one for one in result["ttfts"]],
        [1000 * sum(one) / len(one) for one in result["itls"] if one],
    )


def run_tool(name: str, *arguments: str) -> None:
    """Run a load tool; skip visibly if it is missing or fails."""
    on_path = shutil.which(name) if name == "vllm" else None
    binary = Path(on_path or PEERS / name / "bin" / name)
    if not binary.exists():
        install = "run .ci/clock-peers FOLDER and set CLOCK_PEERS=FOLDER"
        advice = "put an installed vllm[bench] on PATH" if name == "vllm" else install
        pytest.skip(f"{name}: {advice}")
    offline = {"HF_HUB_OFFLINE": "1"} if name == "guidellm" else {}
    try:
        done = subprocess.run(
            [str(binary), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=240,
            env={**os.environ, **offline},
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{name} did not end within 240 s")
    if done.returncode:
        pytest.skip(f"{name} failed: {(done.stdout + done.stderr)[-300:]}")


@pytest.mark.parametrize("streams", [1, 64, 256])
@pytest.mark.parametrize("tool", [aiperf, guidellm, vllm])
def test_times_that_load_tools_report(tool, streams, tmp_path):
    """Not judged: the tools are other people's. Their figures beside the true ones."""
    subprocess.run(
        [sys.executable, "-m", "contract", "tiny", "hf", str(tmp_path / "hf")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with clock_server(tmp_path, 0.05, 60) as server:
        url = f"http://127.0.0.1:{server.port}"
        reported = [sorted(one) for one in tool(url, streams, tmp_path)]
        streamed = [one for one in taken(server) if len(one["sent_ns"]) > 60]
    # The first event is the role; the second carries the first text.
    ttft = sorted((s["sent_ns"][1] - s["received_ns"]) / 1e6 for s in streamed)
    icl = sorted((s["sent_ns"][60] - s["sent_ns"][1]) / 59e6 for s in streamed)
    print()
    for what, theirs, true in zip(("TTFT", "ICL"), reported, (ttft, icl), strict=True):
        print(
            f"{tool.__name__}, {streams} streams: {what} in ms reported "
            f"p50 {quantile(theirs, 0.5):.2f} p99 {quantile(theirs, 0.99):.2f}, true "
            f"p50 {quantile(true, 0.5):.2f} p99 {quantile(true, 0.99):.2f}"
        )

    assert len(streamed) >= 2 * streams
