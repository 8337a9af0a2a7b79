"""
The latency of a good client while another attacks the mock, against its quiet value.

Attacks run in a process of their own, so that the cost of making them is not measured.
"""

from __future__ import annotations

import base64
import contextlib
import json
import multiprocessing
import socket
import sys
import time
import zlib
from collections.abc import Callable

import pytest
from load import Server, post, serving

MOCK = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]
COMMAND = [*MOCK, "--dialect", "vllm", "--control"]
QUESTION = [{"role": "user", "content": "What is 6 times 7?"}]
QUIET = 400  # requests
SLOWEST = 0.25  # seconds that a 99th percentile may take whatever its quiet value is
TIMES = 10  # quiet values that it may take
LONG = 20.0  # seconds an attack may take


def chat(**members: object) -> bytes:
    """A chat, as a body."""
    body = {"model": "magistral-small-2509", "messages": QUESTION, **members}
    return json.dumps(body).encode()


def schema(value: object) -> bytes:
    """A chat whose answer has to satisfy a schema."""
    inner = {"name": "a", "schema": value}
    return chat(response_format={"type": "json_schema", "json_schema": inner})


def images(count: int, side: int) -> bytes:
    """A chat with *count* images of *side* times *side* pixels in one colour each."""
    parts = []
    for number in range(count):
        header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
        rows = zlib.compress((b"\0" + bytes([number, 0, 0]) * side) * side, 1)
        chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
        png = b"\x89PNG\r\n\x1a\n" + b"".join(
            len(data).to_bytes(4, "big")
            + kind
            + data
            + zlib.crc32(kind + data).to_bytes(4, "big")
            for kind, data in chunks
        )
        uri = "data:image/png;base64," + base64.b64encode(png).decode()
        parts.append({"type": "image_url", "image_url": {"url": uri}})
    return chat(messages=[{"role": "user", "content": parts}])


def tools(count: int) -> bytes:
    """A chat with *count* tools of ten parameters each."""
    names = {f"a{number}": {"type": "string"} for number in range(10)}
    parameters = {"type": "object", "properties": names}
    return chat(
        tools=[
            {
                "type": "function",
                "function": {"name": f"f{n}", "parameters": parameters},
            }
            for n in range(count)
        ]
    )


BODIES: dict[str, Callable[[], bytes]] = {
    "pattern": lambda: schema({"type": "string", "pattern": "(a{1,2}){40}$b"}),
    "nested-pattern": lambda: schema({"pattern": "((a{1000}){1000}){100}"}),
    "anyof-references": lambda: schema(
        {
            "$defs": {
                **{
                    f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 12}
                    for n in range(11)
                },
                "d11": {"const": 1},
            },
            "type": "string",
            "$ref": "#/$defs/d0",
        }
    ),
    "choices": lambda: chat(n=16_384),
    "choices-without-bound": lambda: chat(n=2**70),
    "min-length": lambda: schema({"type": "string", "minLength": 2 * 10**9}),
    "min-items": lambda: schema({"type": "array", "minItems": 10**9}),
    "multiple-of": lambda: schema({"multipleOf": 1e-320, "minimum": 1e308}),
    "enum": lambda: schema({"enum": list(range(10**6))}),
    "images": lambda: images(8, 4_000),
    "tools": lambda: tools(10_000),
    "messages": lambda: chat(
        messages=[
            {"role": ("user", "assistant")[n % 2], "content": "x"}
            for n in range(100_001)
        ]
    ),
    "stops": lambda: chat(stop=[f"x{n}" for n in range(100_000)]),
    "long-answer": lambda: chat(
        messages=[{"role": "user", "content": "#loop"}], stream=True
    ),
    "one-word": lambda: chat(messages=[{"role": "user", "content": "a" * 10**7}]),
    "large-body": lambda: b" " * (60 * 2**20),
    "nested-json": lambda: b'{"messages":' + b"[" * 10**6 + b"]" * 10**6 + b"}",
}


def send(port: int, wire: bytes) -> bytes:
    """Send bytes, and return the response as far as it comes."""
    answer = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=LONG) as peer,
    ):
        peer.sendall(wire)
        while b"\r\n\r\n" not in answer or not _whole(answer):
            if not (part := peer.recv(2**16)):
                break
            answer += part
    return answer


def _whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return body.endswith(b"0\r\n\r\n")


def attack_with_body(name: str, port: int, started: object, answers: object) -> None:
    """Send a body three times; runs in a process of its own."""
    wire = post(port, BODIES[name]())
    started.set()  # type: ignore[attr-defined]
    for _ in range(3):
        answers.put(send(port, wire)[:200])  # type: ignore[attr-defined]


def slow_heads(_name: str, port: int, started: object, answers: object) -> None:
    """Keep 1,000 connections whose heads do not end."""
    peers = []
    started.set()  # type: ignore[attr-defined]
    with contextlib.suppress(OSError):
        for _ in range(1_000):
            peer = socket.create_connection(("127.0.0.1", port))
            peer.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n")
            peers.append(peer)
    for _ in range(6):
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.sendall(b"x: y\r\n")
        time.sleep(0.5)
    for peer in peers:
        peer.close()
    answers.put(b"HTTP/1.1 200 held")  # type: ignore[attr-defined]


def hang_ups(_name: str, port: int, started: object, answers: object) -> None:
    """Connect and hang up 3,000 times, half of them with a request under way."""
    wire = post(port, chat(stream=True))
    started.set()  # type: ignore[attr-defined]
    for number in range(3_000):
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=LONG) as peer,
        ):
            if number % 2:
                peer.sendall(wire)
    answers.put(b"HTTP/1.1 200 held")  # type: ignore[attr-defined]


ATTACKS = {**dict.fromkeys(BODIES, attack_with_body)}
ATTACKS |= {"slow-heads": slow_heads, "hang-ups": hang_ups}


@pytest.fixture(scope="module")
def mock():
    with serving(COMMAND, "/v1/models") as server:
        # All workers have started once several costly requests are answered.
        wire = post(server.port, chat(response_format={"type": "json_object"}))
        for _ in range(8):
            assert b" 200 OK" in send(server.port, wire)
        yield server


def latencies(server: Server, until: Callable[[int], bool]) -> list[float]:
    """Ask one question after the other; return the seconds of each, in order."""
    found: list[float] = []
    while until(len(found)):
        wire = post(server.port, chat(seed=len(found)))
        begun = time.perf_counter()
        answer = send(server.port, wire)
        found.append(time.perf_counter() - begun)
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:100]
        time.sleep(0.005)
    return sorted(found)


def percentile(values: list[float]) -> float:
    """The 99th percentile of sorted values, or of few values the second largest."""
    return values[min(int(len(values) * 0.99), max(len(values) - 2, 0))]


@pytest.mark.parametrize("name", ATTACKS)
def test_a_good_client_is_answered_during(name, mock, benchmark):
    quiet = percentile(latencies(mock, lambda count: count < QUIET))
    context = multiprocessing.get_context("spawn")
    started, answers = context.Event(), context.Queue()
    arguments = (name, mock.port, started, answers)
    attacker = context.Process(target=ATTACKS[name], args=arguments, daemon=True)
    attacker.start()
    assert started.wait(60)
    ended = time.monotonic() + 4 * LONG
    busy = percentile(
        latencies(
            mock,
            lambda count: (
                (attacker.is_alive() or count < 20) and time.monotonic() < ended
            ),
        )
    )
    heads = []
    while not answers.empty():
        heads.append(answers.get())
    attacker.terminate()
    attacker.join()
    benchmark.extra_info.update(quiet=quiet, busy=busy, ratio=busy / quiet)
    benchmark.pedantic(lambda: None, rounds=1)
    print(
        f"\n{name}: p99 {busy * 1e3:.1f} ms, quiet {quiet * 1e3:.1f} ms, "
        f"ratio {busy / quiet:.1f}; {[head[9:12].decode() for head in heads]}"
    )

    assert heads
    assert all(head.startswith(b"HTTP/1.1 ") for head in heads)
    assert not any(b"Internal Server Error" in head for head in heads)
    assert busy < max(TIMES * quiet, SLOWEST)
