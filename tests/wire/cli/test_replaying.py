"""`serve --replay` over a socket and on the command line: `cli.replaying`."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from support.program import serving as program

from contract.catalog.profiles import builtin
from contract.mock_server.app import serving
from contract.mock_server.replaying import ReplayingProvider
from contract.run.recording import load_one

FIXTURES = Path(__file__).parents[3] / "fixtures" / "exchanges"
RECORDED = FIXTURES / "llamacpp-b11549"


@pytest.fixture(scope="module")
def recorded():
    return load_one(RECORDED, builtin())


def ask(client, one):
    request = one.request
    return client.request(
        request.method,
        request.path,
        content=request.body,
        headers=[pair for pair in request.headers if pair[0] != "authorization"],
    )


def test_the_replies_of_a_real_engine_are_served_as_they_were(recorded):
    provider = ReplayingProvider(recorded.profile, recorded.exchanges.values(), speed=0)
    chosen = [
        one
        for one in recorded.exchanges.values()
        if one.end.whole and one.request.path.isascii() and one.status == 200
    ][:40]
    with serving(provider, dated=False) as url, httpx.Client(base_url=url) as client:
        replies = [ask(client, one) for one in chosen]

    known = {one.body for one in recorded.exchanges.values()}
    assert {reply.status_code for reply in replies} == {200}
    assert [reply.content in known for reply in replies] == [True] * len(chosen)
    # Nothing is added but the length of a body whose framing was not recorded.
    ours = {"content-length", "transfer-encoding", "connection"}
    for reply, one in zip(replies, chosen, strict=True):
        added = {name for name, _ in reply.headers.items()} - {
            n for n, _ in one.headers
        }
        assert added <= ours


def test_the_portions_of_a_stream_are_its_chunks(recorded):
    stream = next(
        one
        for one in recorded.exchanges.values()
        if one.streamed and len(one.arrivals) > 5 and one.end.whole
    )
    provider = ReplayingProvider(recorded.profile, [stream], speed=0)
    with serving(provider, dated=False) as url:
        import socket  # noqa: PLC0415  # chunks are below what httpx shows

        host, port = url[7:].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            body = stream.request.body
            raw.sendall(
                f"POST {stream.request.path} HTTP/1.1\r\nHost: x\r\n"
                f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            data = b""
            while part := raw.recv(65_536):
                data += part

    expected = b"".join(
        b"%x\r\n%b\r\n" % (len(a.data), a.data) for a in stream.arrivals
    )
    assert data.partition(b"\r\n\r\n")[2] == expected + b"0\r\n\r\n"


def test_a_miss_and_what_is_listed_of_it(recorded):
    provider = ReplayingProvider(recorded.profile, recorded.exchanges.values())
    with serving(provider, dated=False) as url:
        missed = httpx.post(f"{url}/v1/chat/completions", json={"model": "x"})
        listed = httpx.get(f"{url}/__magistral__/replay").json()

    assert missed.status_code == 404
    assert "not in the recording" in missed.json()["error"]["message"]
    assert (listed["missed"], listed["answered"]) == (1, 0)
    assert len(listed["unused"]) == listed["recorded"] == len(recorded.exchanges)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--replay", "/nowhere"], "no recording"),
        (["--replay", str(FIXTURES)], "name one of them"),
        (["--replay", str(RECORDED), "--dialect", "vllm"], "--dialect is an option"),
        (["--replay", str(RECORDED), "--verdicts", "mock"], "Traceback"),
        (["--replay-speed", "0"], "--replay DIR"),
        (["--replay", str(RECORDED), "--replay-speed", "-1"], "--replay-speed"),
        (["--replay", str(RECORDED), "--", "--select", "x"], "--verdicts"),
    ],
)
def test_a_mistake_is_one_sentence(command, arguments, words):
    done = command("serve", *arguments)

    assert done.code == 2
    assert words in done.err or words == "Traceback"
    assert "Traceback" not in done.err


def test_a_damaged_recording_is_one_sentence(command, tmp_path):
    for path in RECORDED.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    name = json.loads((tmp_path / "manifest.json").read_text())["exchanges"][0]
    (tmp_path / name).write_text("{")
    done = command("serve", "--replay", tmp_path)

    assert (done.code, name in done.err) == (2, True)


@pytest.mark.long
def test_a_recording_is_served_until_ctrl_c():
    with program("--replay", str(RECORDED), "--replay-speed", "0") as (_, banner):
        models = httpx.get(f"{banner['url']}/models", trust_env=False)

    assert models.status_code == 200
    assert "llamacpp" in banner["serving"]
