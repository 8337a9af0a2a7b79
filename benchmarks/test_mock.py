"""The mock's throughput against a bare application on the same server, same run."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from load import Server, post, run, serving

MOCK = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]
BARE = [
    *(sys.executable, "-m", "uvicorn", "--app-dir", str(Path(__file__).parent)),
    *("--port", "{port}", "--loop", "uvloop", "--http", "httptools"),
    *("--no-access-log", "--log-level", "error"),
]
REQUEST = {
    "model": "magistral-small-2509",
    "messages": [{"role": "user", "content": "What is 6 times 7?"}],
    "max_tokens": 512,
}
STREAM = {
    **REQUEST,
    "messages": [{"role": "user", "content": "#loop"}],
    "max_tokens": 200,
    "stream": True,
}
ROUNDS = 5


def different(port: int) -> Iterator[bytes]:
    """Requests of which no two are equal, with questions of different lengths."""
    for number in count():
        words = "please " * (number % 40)
        content = f"What is 6 times 7? {words}Question {number}."
        messages = [{"role": "user", "content": content}]
        yield post(port, json.dumps({**REQUEST, "messages": messages}).encode())


def body_of(server: Server, request: dict[str, object]) -> bytes:
    """What the mock answers, so that the bare application answers the same."""
    url = f"http://127.0.0.1:{server.port}/v1/chat/completions"
    response = httpx.post(url, json=request, timeout=30)
    response.raise_for_status()
    return response.content


def per_cpu(server: Server, work: Callable[[], int]) -> float:
    """Units of *work* for each CPU second of the server; the best of the rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        before = server.cpu()
        units = work()
        best = max(best, units / max(server.cpu() - before, 0.01))
    return best


# Six tokens each, so that the prompt nearly fills the window of 131,072 tokens.
WORDS = 23_600


@pytest.mark.parametrize("dialect", ["mistral-2025-10", "vllm-0.16", "llamacpp"])
def test_whole_responses_against_a_bare_application(
    benchmark, dialect, tmp_path, monkeypatch
):
    request = json.dumps(REQUEST).encode()
    with serving([*MOCK, "--dialect", dialect], "/v1/models") as mock:
        (tmp_path / "body").write_bytes(body_of(mock, REQUEST))
        wire = post(mock.port, request)
        run(mock.port, wire, total=500)
        ours = per_cpu(mock, lambda: run(mock.port, wire, total=4000).responses)
        benchmark.pedantic(run, (mock.port, wire), {"total": 1000}, rounds=3)
    monkeypatch.setenv("BARE_BODY", str(tmp_path / "body"))
    with serving([*BARE, "bare:plain"], "/") as bare:
        wire = post(bare.port, request)
        run(bare.port, wire, total=500)
        limit = per_cpu(bare, lambda: run(bare.port, wire, total=8000).responses)
    note(benchmark, "responses per CPU second", ours, limit)

    assert ours > 0


@pytest.mark.parametrize("dialect", ["mistral-2025-10", "vllm-0.16", "llamacpp"])
def test_whole_responses_to_different_requests(
    benchmark, dialect, tmp_path, monkeypatch
):
    with serving([*MOCK, "--dialect", dialect], "/v1/models") as mock:
        (tmp_path / "body").write_bytes(body_of(mock, REQUEST))
        wires = different(mock.port)
        run(mock.port, wires, total=500)
        ours = per_cpu(mock, lambda: run(mock.port, wires, total=4000).responses)
        benchmark.pedantic(run, (mock.port, wires), {"total": 1000}, rounds=3)
    monkeypatch.setenv("BARE_BODY", str(tmp_path / "body"))
    with serving([*BARE, "bare:plain"], "/") as bare:
        wires = different(bare.port)
        run(bare.port, wires, total=500)
        limit = per_cpu(bare, lambda: run(bare.port, wires, total=8000).responses)
    note(benchmark, "responses to different requests per CPU second", ours, limit)

    assert ours > 0


@pytest.mark.parametrize("dialect", ["mistral-2025-10", "vllm-0.16", "llamacpp"])
@pytest.mark.parametrize("joined", [False, True], ids=["one-write-each", "joined"])
def test_streamed_chunks_against_a_bare_application(
    benchmark, dialect, joined, tmp_path, monkeypatch
):
    request = json.dumps(STREAM).encode()
    options = ["--dialect", dialect, *(["--joined"] if joined else [])]
    with serving([*MOCK, *options], "/v1/models") as mock:
        body = body_of(mock, STREAM)
        (tmp_path / "body").write_bytes(body.replace(b"\n\n", b"\n\n\0"))
        frames = body.count(b"\n\n")
        wire = post(mock.port, request)
        run(mock.port, wire, total=50)
        ours = per_cpu(mock, lambda: frames * run(mock.port, wire, total=200).responses)
        benchmark.pedantic(run, (mock.port, wire), {"total": 100}, rounds=3)
    monkeypatch.setenv("BARE_BODY", str(tmp_path / "body"))
    with serving([*BARE, "bare:stream"], "/") as bare:
        wire = post(bare.port, request)
        run(bare.port, wire, total=50)
        limit = per_cpu(
            bare, lambda: frames * run(bare.port, wire, total=200).responses
        )
    how = "joined" if joined else "one write each"
    note(benchmark, f"chunks per CPU second, {how}", ours, limit)

    assert ours > 0


def test_whole_responses_against_aimock(benchmark, tmp_path):
    binary = shutil.which("llmock") or shutil.which("aimock")
    if binary is None:
        pytest.skip("aimock is not on PATH: npm install -g @copilotkit/aimock")
    fixtures = {
        "fixtures": [
            {
                "match": {"userMessage": "6 times 7"},
                "response": {"content": "6 times 7 is 42.", "reasoning": "Six sevens."},
            }
        ]
    }
    (tmp_path / "fixtures.json").write_text(json.dumps(fixtures))
    request = json.dumps(REQUEST).encode()
    command = [binary, "-f", str(tmp_path), "-p", "{port}", "--log-level", "silent"]
    with serving(command, "/v1/models") as peer:
        wire = post(peer.port, request)
        run(peer.port, wire, total=500)
        theirs = per_cpu(peer, lambda: run(peer.port, wire, total=2000).responses)
    with serving(MOCK, "/v1/models") as mock:
        wire = post(mock.port, request)
        run(mock.port, wire, total=500)
        ours = per_cpu(mock, lambda: run(mock.port, wire, total=4000).responses)
        benchmark.pedantic(run, (mock.port, wire), {"total": 1000}, rounds=3)
    note(benchmark, "responses per CPU second", ours, theirs)

    assert ours > 0


def test_a_prompt_as_long_as_the_window(benchmark):
    """The first time, when nothing about the text is known, and the second time."""
    words = " ".join(f"word{number}" for number in range(WORDS))
    message = {"role": "user", "content": words}
    request = json.dumps({**REQUEST, "messages": [message], "max_tokens": 50}).encode()
    with serving(MOCK, "/v1/models") as mock:
        run(mock.port, post(mock.port, json.dumps(REQUEST).encode()), total=20)
        seconds = []
        for _ in range(2):
            begun = time.perf_counter()
            answer = httpx.post(
                f"http://127.0.0.1:{mock.port}/v1/chat/completions",
                content=request,
                headers={"content-type": "application/json"},
                timeout=60,
            )
            seconds.append(time.perf_counter() - begun)
        wire = post(mock.port, request)
        benchmark.pedantic(run, (mock.port, wire), {"total": 4}, rounds=2)
    tokens = answer.json()["usage"]
    print(f"\n{tokens}: {seconds[0]:.3f} s, repeated {seconds[1]:.3f} s")
    benchmark.extra_info["seconds"] = [round(one, 3) for one in seconds]

    assert answer.status_code == 200
    assert tokens["prompt_tokens"] > 0.95 * 131_072


def note(benchmark, what: str, ours: float, other: float) -> None:
    """Keep both figures and their ratio with the benchmark's record."""
    benchmark.extra_info["what"] = what
    benchmark.extra_info["ours"] = round(ours)
    benchmark.extra_info["other"] = round(other)
    benchmark.extra_info["ratio"] = round(ours / other, 3)
    print(f"\n{what}: {ours:,.0f} against {other:,.0f}, ratio {ours / other:.2f}")
