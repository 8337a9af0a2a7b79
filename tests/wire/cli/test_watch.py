"""`watch` as a process: it notices what comes and goes, and ends on a signal."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

import pytest

import contract
from contract.catalog.profiles import builtin
from contract.mock_server.app import serving
from contract.mock_server.provider import MockProvider
from contract.run.opening import reply_changes

WATCH = (sys.executable, "-m", "contract", "watch", "--no-config", "--every", "1s")
FEW = ("--select", "streaming.ends-with-done", "--select", "reasoning.right-field")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)]
)
def test_a_signal_ends_it(number, code):
    with (
        contract.mock("vllm") as url,
        subprocess.Popen(  # noqa: S603  # not a shell
            [*WATCH, url, *FEW],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running,
    ):
        try:
            first = running.stdout.readline()
            running.send_signal(number)
            out, err = running.communicate(timeout=30)
        finally:
            running.kill()

    assert "passing" in first
    assert (running.returncode, out) == (code, "")
    assert err.endswith("stopped\n")


@pytest.mark.long
def test_a_server_that_comes_and_is_broken_is_two_changes():
    """Away, back and broken, in the order in which they happen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    broken = MockProvider(
        builtin()["vllm-0.32"].dialect,
        clock=time.time,
        change=reply_changes()["done-missing"],
    )
    with subprocess.Popen(  # noqa: S603  # not a shell
        [*WATCH, f"http://127.0.0.1:{port}/v1", *FEW],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            away = running.stdout.readline()
            with serving(broken, port=port):
                lines = [running.stdout.readline() for _ in range(2)]
        finally:
            running.kill()

    assert "away since" in away
    assert "back; it was away since" in lines[0]
    assert "broken streaming.ends-with-done" in lines[1]
