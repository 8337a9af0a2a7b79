"""`magistral-contract serve` in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from support.program import serving


@pytest.mark.skipif(os.name == "nt", reason="Windows interrupts in another way")
def test_the_mock_is_served_until_ctrl_c():
    with serving("--dialect", "vllm-0.12") as (running, banner):
        models = httpx.get(f"{banner['url']}/models", trust_env=False)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=10)

    assert models.status_code == 200
    assert banner["serving"].startswith("vllm-0.12: ")
    assert (running.returncode, out, err) == (0, "", "")


def test_the_printed_curl_command_gets_a_stream():
    with serving(MY_KEY="sk-of-mine") as (_, banner):
        url = banner["try"].split()[2]
        body = banner["try"].rpartition("-d ")[2].strip("'")
        reply = httpx.post(
            url,
            content=body,
            headers={"content-type": "application/json"},
            trust_env=False,
        )

    assert reply.status_code == 200
    assert reply.text.endswith("data: [DONE]\n\n")


def test_a_key_is_required_and_never_printed():
    with serving("--api-key-env", "MY_KEY", MY_KEY="sk-of-mine") as (_, banner):
        url = f"{banner['url']}/models"
        rejected = httpx.get(url, trust_env=False)
        accepted = httpx.get(
            url, headers={"authorization": "Bearer sk-of-mine"}, trust_env=False
        )

    assert (rejected.status_code, accepted.status_code) == (401, 200)
    assert not any("sk-of-mine" in value for value in banner.values())


def test_a_fault_reaches_the_client():
    with serving("--fault", "done-missing") as (_, banner):
        body = banner["try"].rpartition("-d ")[2].strip("'")
        reply = httpx.post(
            f"{banner['url']}/chat/completions",
            content=body,
            headers={"content-type": "application/json"},
            trust_env=False,
        )

    assert banner["fault"].startswith("done-missing: ")
    assert "[DONE]" not in reply.text


def test_a_breakage_reaches_the_client_and_names_its_report():
    with serving("--dialect", "vllm-0.11", "--fault", "vllm-30139") as (_, banner):
        model = banner["models"].partition(",")[0]
        hello = [{"role": "user", "content": "hello"}]
        reply = httpx.post(
            f"{banner['url']}/chat/completions",
            json={"model": model, "messages": hello},
            trust_env=False,
        )

    message = reply.json()["choices"][0]["message"]
    assert banner["fault"].startswith("vllm-30139: ")
    assert banner["fault"].endswith("(vllm-project/vllm#30139)")
    assert message["content"] is None
    assert message["reasoning_content"]


def test_a_port_in_use_is_one_sentence(command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "--port", port)

    assert (done.code, done.out) == (3, "")
    assert f"Port {port} of 127.0.0.1 is in use" in done.err
    assert done.err.count("\n") == 1


def test_a_public_address_prints_a_warning(command):
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104  # the test needs a public address
        done = command("serve", "--host", "0.0.0.0", "--port", taken.getsockname()[1])  # noqa: S104  # the same

    assert done.code == 3
    assert done.err.startswith("warning: 0.0.0.0 can be reached from the network")


@pytest.mark.skipif(os.name == "nt", reason="Windows interrupts in another way")
@pytest.mark.parametrize(
    ("dialect", "note"),
    [
        pytest.param("vllm-0.11", "", id="same-dialect"),
        pytest.param(
            "mistral",
            "note: vllm-30139 was reported for vllm-0.11; --dialect vllm-0.11 "
            "reproduces it exactly.\n",
            id="other-dialect",
        ),
    ],
)
def test_a_breakage_of_another_dialect_prints_a_note(dialect, note):
    with serving("--dialect", dialect, "--fault", "vllm-30139") as (running, _):
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=10)

    assert err == note


@pytest.mark.skipif(os.name == "nt", reason="Windows interrupts in another way")
def test_ctrl_c_before_the_first_step_of_the_loop_is_quiet():
    interrupted = """
import asyncio, signal, sys
from contract.catalog.providers import dialects
from contract.mock_server.app import serve_forever
from contract.mock_server.provider import MockProvider


class Early(asyncio.Runner):
    def run(self, work):
        signal.raise_signal(signal.SIGINT)


asyncio.Runner = Early
serve_forever(MockProvider(dialects()["vllm-0.16"]), port=0)
"""
    done = subprocess.run(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-c", interrupted],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
