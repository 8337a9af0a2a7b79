"""`magistral-contract proxy` with its relay in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time

import httpx
import openai
import pytest

import contract
from contract.model.redaction import SECRETS
from contract.proxying import running

KEY = "sk-of-a-client-0123"
CHAT = {
    "model": "magistral-small-2509",
    "messages": [{"role": "user", "content": "What is 6 times 7?"}],
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def while_it_runs(port, talk):
    """Run *talk* with the URL of the proxy, then press Ctrl-C."""

    def run():
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            # Refused by the relay itself, so it is no exchange.
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}", headers={"host": "no.example"})
                break
            time.sleep(0.02)
        try:
            talk(f"http://127.0.0.1:{port}/v1")
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_what_passes_is_judged_saved_and_replayed(command, tmp_path):
    port = free_port()
    report, saved = tmp_path / "report.json", tmp_path / "rec"
    seen = {}

    def talk(url):
        keyed = {"authorization": f"Bearer {KEY}"}
        for name in (True, False):
            body = {**CHAT, "stream": name}
            seen[name] = httpx.post(f"{url}/chat/completions", json=body, headers=keyed)

    with contract.mock("vllm", fault="field-renamed", when=["streamed"]) as url:
        thread = while_it_runs(port, talk)
        done = command(
            *("proxy", "--upstream", url, "--profile", "vllm", "--port", port),
            *("--save", saved, "--report", f"json={report}"),
        )
        thread.join(10)
    results = {
        one["check"]: one for one in json.loads(report.read_text("utf-8"))["results"]
    }

    assert done.code == 1, done.err
    assert [reply.status_code for reply in seen.values()] == [200, 200]
    assert "FAIL   reasoning.right-field proxied-1 POST" in done.err
    assert "2 requests passed: 2 chats (1 streamed), 0 others" in done.out
    assert results["reasoning.right-field"]["replies"] == {
        "judged": 2,
        "broken": 1,
        "where": "all streamed",
    }
    assert KEY not in done.out + done.err + report.read_text("utf-8")
    assert not any(KEY in path.read_text("utf-8") for path in saved.iterdir())
    replayed = command("replay", saved)
    assert replayed.code == 1
    assert "again       magistral-contract replay" in done.out

    from contract.consumer import mocked  # noqa: PLC0415  # patches httpx

    with mocked(replay=saved, url="http://llm.test"):
        again = httpx.post("http://llm.test/v1/chat/completions", json=CHAT)
        body = {**CHAT, "stream": True}
        streamed = httpx.post("http://llm.test/v1/chat/completions", json=body)
    assert again.status_code == 404  # `stream` was sent, and is missing here
    assert streamed.content == seen[True].content


@pytest.mark.long
def test_the_official_client_does_not_notice_the_proxy(command):
    port = free_port()
    texts = []

    def talk(url):
        client = openai.OpenAI(base_url=url, api_key=KEY)
        chunks = client.chat.completions.create(**CHAT, stream=True)
        texts.append("".join(c.choices[0].delta.content or "" for c in chunks))
        whole = client.chat.completions.create(**CHAT)
        texts.append(whole.choices[0].message.content)
        texts.append(next(one.id for one in client.models.list()))

    with contract.mock("vllm", key=KEY) as url:
        os.environ["MISTRAL_API_KEY"] = KEY
        try:
            thread = while_it_runs(port, talk)
            done = command("proxy", "--upstream", f"{url}/v1", "--port", port, "-q")
            thread.join(10)
        finally:
            del os.environ["MISTRAL_API_KEY"]

    assert texts[0] == texts[1]
    assert "42" in texts[0]
    assert texts[2] == "magistral-small-2509"
    assert done.code == 0, done.out
    assert "PASSED" in done.out


def test_no_traffic_is_nothing_checked(command):
    port = free_port()
    thread = while_it_runs(port, lambda _: None)
    done = command(
        *("proxy", "--upstream", "http://127.0.0.1:1", "--profile", "vllm"),
        *("--port", port),
    )
    thread.join(10)

    assert done.code == 3
    assert "0 requests passed" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--upstream"),
        (["--upstream", "nowhere"], 2, "http://"),
        (["--upstream", "ftp://x/v1"], 2, "http:// or https://"),
        (["--upstream", "http://u:p@127.0.0.1/v1"], 2, "user name or password"),
        (["--upstream", "http://127.0.0.1:1/v1"], 3, "--profile"),
        (["--upstream", "http://127.0.0.1:1", "--profile", "vlm"], 2, "vllm"),
        (["--upstream", "http://127.0.0.1:1", "--keep", "0"], 2, "--keep"),
        (["--upstream", "http://127.0.0.1:1", "--select", "nope"], 2, "nope"),
        (["--upstream", "http://127.0.0.1:1", "--header", "X"], 2, "colon"),
        (["--upstream", "http://127.0.0.1:1", "--fail-on", "new"], 2, "--history"),
        (["--upstream", "http://127.0.0.1:1", "--host", "192.0.2.1"], 3, "192.0.2.1"),
        (["--upstream", "http://127.0.0.1:1", "--proxy", "socks5://x:1"], 2, "SOCKS"),
        (["--upstream", "https://api.example", "--api-key-env", "NOPE"], 2, "NOPE"),
    ],
)
def test_a_mistake_is_one_sentence(command, arguments, code, words):
    done = command("proxy", *arguments, "--port", "0")

    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_port_that_is_taken_is_one_sentence(command):
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
        done = command(
            *("proxy", "--upstream", "http://127.0.0.1:1", "--profile", "vllm"),
            *("--port", port),
        )

    assert (done.code, "is in use" in done.err) == (3, True)


def test_the_proxy_is_not_its_own_upstream(command):
    port = free_port()
    done = command(
        *("proxy", "--upstream", f"http://localhost:{port}/v1", "--profile", "vllm"),
        *("--port", port),
    )

    assert (done.code, "the proxy itself" in done.err) == (2, True)


@pytest.mark.parametrize("kind", ["file", "other"])
def test_a_folder_that_is_not_free_is_one_sentence(command, tmp_path, kind):
    place = tmp_path / "rec"
    if kind == "file":
        place.write_text("x")
    else:
        place.mkdir()
        (place / "mine.txt").write_text("x")
    done = command(
        *("proxy", "--upstream", "http://127.0.0.1:1", "--profile", "vllm"),
        *("--port", "0", "--save", place),
    )

    assert (done.code, str(place) in done.err) == (2, True)


def test_a_relay_that_dies_ends_the_proxy_with_a_sentence(command, monkeypatch):
    port = free_port()

    class Dying(running.RunningRelay):
        def __enter__(self):
            relay = super().__enter__()
            os.kill(relay.process, signal.SIGKILL)
            return relay

    monkeypatch.setattr(running, "RunningRelay", Dying)
    with SECRETS.scope():
        done = command(
            *("proxy", "--upstream", "http://127.0.0.1:1", "--profile", "vllm"),
            *("--port", port),
        )

    assert done.code == 3
    assert "ended by itself" in done.err
