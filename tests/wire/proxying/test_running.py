"""A relay in a process of its own: `proxying.engine`, started and read."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from dataclasses import replace

import httpx
import pytest

from contract.catalog.profiles import named
from contract.client.route import DIRECT
from contract.errors import UsageError
from contract.mock_server.app import listening
from contract.model.exchange import End
from contract.proxying import running
from contract.proxying.running import RunningRelay, listener, settings

PATIENCE = 10.0


@contextlib.contextmanager
def started(url):
    chosen = settings(url, named("vllm").dialect, DIRECT, "magistral-contract-test")
    with RunningRelay(chosen, listening("127.0.0.1", 0)) as relay:
        yield relay


def test_what_passes_comes_to_the_process_that_judges(served):
    server = served(lambda c: c.answer({"data": []}))
    with started(server.url) as relay:
        # Ctrl-C in a terminal goes to all processes; this one is ended by the other.
        os.kill(relay.process, signal.SIGINT)
        for _ in range(3):
            httpx.get(f"{relay.url}/v1/models")
        relay.stop()
        passed = [*relay]

    assert [one.number for one in passed] == [1, 2, 3]
    assert {one.response for one in passed} == {b'{"data": []}'}


def test_what_is_in_progress_is_broken_off_at_the_end(served):
    begun = threading.Event()

    def endless(connection):
        connection.stream()
        connection.chunk(b"data: 1\n\n")
        begun.set()
        connection.wait()

    with started(served(endless).url) as relay:
        port = int(relay.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            client.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            assert begun.wait(PATIENCE)
            client.recv(10)
            relay.stop()
            (passed,) = relay

    assert (passed.end, passed.note) == (End.LEFT, "the proxy was stopped")


@pytest.mark.parametrize("reason", sorted(running.STATUSES))
@pytest.mark.parametrize("name", ["mistral", "vllm", "llamacpp", "transformers"])
def test_each_error_of_the_relay_is_worded_in_the_dialect(name, reason):
    chosen = settings("http://127.0.0.1:1", named(name).dialect, DIRECT, "x")
    status, kind, body = chosen.answers[reason]

    assert status == running.STATUSES[reason]
    assert kind.startswith("application/json")
    assert running.MESSAGE in body


def test_an_upstream_on_the_port_of_the_proxy_is_the_proxy_itself():
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]

    with pytest.raises(UsageError, match="the proxy itself"):
        listener("127.0.0.1", port, f"http://localhost:{port}")
    listener("127.0.0.1", port, f"http://other.example:{port}").close()


def test_a_bug_of_the_relay_strikes_one_connection_and_is_told(served):
    """A name in Host that cannot be compared stands for any bug."""
    server = served(lambda c: c.answer({"data": []}))
    chosen = settings(server.url, named("vllm").dialect, DIRECT, "magistral-x")
    broken = replace(chosen, hosts=[None])
    with RunningRelay(broken, listening("127.0.0.1", 0)) as relay:
        with pytest.raises(httpx.TransportError):
            httpx.get(relay.url, headers={"host": "no.example"})
        relay.stop()
        assert [*relay] == []

        assert relay.failures == ["AttributeError"]
        assert "please report it" in relay.trouble
