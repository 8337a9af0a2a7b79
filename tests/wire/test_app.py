"""Tests of the mock on real sockets: bytes, schedule, resets and shutdown."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from contract.catalog.providers import dialects
from contract.errors import TargetError
from contract.mock_server.app import listening, serving
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import SERVED, MockProvider
from contract.model.exchange import End
from contract.model.probes import CUT, LIST_MODELS, NO_KEY, SUM, SUM_WHOLE, TOOL
from contract.model.profile import Profile
from contract.model.reply import spelled
from contract.model.wire import build_request

DIALECTS = dialects()
EVERY = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.id)
VLLM = DIALECTS["vllm-0.16"]


def request(probe, dialect):
    return build_request(probe, Profile(id=dialect.id, dialect=dialect), SERVED[0])


@contextlib.contextmanager
def client(url):
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as found:
        yield found


def sent(http, message):
    """The response, and the parts of the body as they arrived."""
    with http.stream(
        message.method,
        message.path,
        headers=list(message.headers),
        content=message.body,
    ) as response:
        return response, list(response.iter_raw())


@EVERY
def test_responses_are_the_bytes_of_the_replies(dialect):
    mock = MockProvider(dialect)
    with serving(MockProvider(dialect)) as url, client(url) as http:
        for probe in (SUM, SUM_WHOLE, CUT, TOOL, LIST_MODELS, NO_KEY):
            asked = request(probe, dialect)
            response, parts = sent(http, asked)
            expected = spelled(mock.reply(asked))

            assert response.status_code == expected.status
            assert b"".join(parts) == expected.body
            assert set(expected.headers) <= set(response.headers.items())
            assert "server" not in response.headers


def test_frames_arrive_on_schedule_and_not_before():
    plan = LatencyPlan(ttft=0.06, icl=0.02)
    asked = request(SUM, VLLM)
    expected = MockProvider(VLLM, plan=plan).reply(asked, 1)
    with serving(MockProvider(VLLM, plan=plan)) as url, client(url) as http:
        sent(http, asked)  # number 0 loads the vocabulary
        start = time.perf_counter()
        with http.stream(
            "POST", asked.path, headers=list(asked.headers), content=asked.body
        ) as response:
            arrived = [(time.perf_counter() - start, p) for p in response.iter_raw()]
    data, due = b"", {}
    for frame in expected.frames:
        data += frame.data
        due[len(data)] = frame.at
    seen = 0
    for at, part in arrived:
        seen += len(part)
        last = max((end for end in due if end <= seen), default=None)
        assert last is None or at >= due[last] - 0.001
    assert b"".join(part for _, part in arrived) == data
    assert len(arrived) > 15
    assert arrived[-1][0] < expected.frames[-1].at + 1.0


def test_many_slow_streams_run_concurrently():
    plan = LatencyPlan(ttft=0.2, icl=0.01)
    asked = request(SUM, VLLM)
    with (
        serving(MockProvider(VLLM, plan=plan)) as url,
        client(url) as http,
        ThreadPoolExecutor(20) as pool,
    ):
        sent(http, asked)
        start = time.perf_counter()
        bodies = list(pool.map(lambda _: sent(http, asked)[1][-1], range(20)))
        elapsed = time.perf_counter() - start

    assert len(bodies) == 20
    assert elapsed < 20 * 0.4


def test_whole_response_is_sent_on_schedule():
    asked = request(SUM_WHOLE, VLLM)
    with (
        serving(MockProvider(VLLM, plan=LatencyPlan(0.1, 0.005))) as url,
        client(url) as http,
    ):
        start = time.perf_counter()
        sent(http, asked)

        assert time.perf_counter() - start >= 0.19


def broken(end, after=2):
    def change(reply):
        if not reply.streamed:
            return reply
        return replace(reply, frames=reply.frames[:after], end=end)

    return change


def test_reset_breaks_the_connection_after_the_last_frame():
    asked = request(SUM, VLLM)
    expected = MockProvider(VLLM).reply(asked)
    received = []
    provider = MockProvider(VLLM, change=broken(End.RESET))
    with serving(provider) as url, client(url) as http:
        with (
            http.stream(
                "POST", asked.path, headers=list(asked.headers), content=asked.body
            ) as response,
            pytest.raises(httpx.ReadError),  # neither a clean end nor a timeout
        ):
            received.extend(response.iter_raw())

        assert b"".join(received) == b"".join(f.data for f in expected.frames[:2])
        assert http.get("/health").status_code == 200


def test_hanging_reply_hangs_until_the_client_disconnects():
    asked = request(SUM, VLLM)
    provider = MockProvider(VLLM, change=broken(End.TIMEOUT))
    with serving(provider) as url, client(url) as http:
        with (
            pytest.raises(httpx.ReadTimeout),
            http.stream(
                "POST",
                asked.path,
                headers=list(asked.headers),
                content=asked.body,
                timeout=0.3,
            ) as response,
        ):
            list(response.iter_raw())

        assert http.get("/health").status_code == 200


def test_disconnect_within_a_stream_does_not_affect_other_clients():
    asked = request(SUM, VLLM)
    with (
        serving(MockProvider(VLLM, plan=LatencyPlan(icl=30))) as url,
        client(url) as http,
    ):
        with (
            client(url) as leaving,
            leaving.stream(
                "POST", asked.path, headers=list(asked.headers), content=asked.body
            ) as response,
        ):
            assert next(response.iter_raw())

        assert http.get("/health").status_code == 200
    assert not [thread for thread in threading.enumerate() if thread.name == "mock"]


def test_load_is_the_number_of_streams_in_progress():
    asked = request(SUM, VLLM)
    with (
        serving(MockProvider(VLLM, plan=LatencyPlan(icl=30))) as url,
        client(url) as http,
    ):
        before = http.get("/metrics")
        with (
            client(url) as other,
            other.stream(
                "POST", asked.path, headers=list(asked.headers), content=asked.body
            ) as response,
        ):
            parts = response.iter_raw()  # keep the iterator, or httpx closes the stream
            first = next(parts)
            during = http.get("/metrics")

    assert first
    assert before.headers["content-type"].startswith("text/plain; version=1.0.0")
    assert running(before.text) == ["0.0"]
    assert running(during.text) == ["1.0"]


def running(metrics):
    return re.findall(r"^vllm:num_requests_running\{.*\} (.*)$", metrics, re.MULTILINE)


def test_stopping_does_not_wait_for_streams_in_progress():
    asked = request(SUM, VLLM)
    with serving(MockProvider(VLLM, plan=LatencyPlan(ttft=60))) as url:
        peer = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        with peer:
            head = f"POST {asked.path} HTTP/1.1\r\nhost: x\r\n" + "".join(
                f"{name}: {value}\r\n" for name, value in asked.headers
            )
            length = f"content-length: {len(asked.body)}\r\n\r\n"
            peer.sendall((head + length).encode() + asked.body)
            assert peer.recv(9).startswith(b"HTTP/1.1")
            start = time.perf_counter()
    assert time.perf_counter() - start < 60  # when the first token would be sent


def test_port_in_use_raises_a_target_error():
    with serving(MockProvider(VLLM)) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(TargetError, match=f"Port {port} .* choose another port"):
            listening("127.0.0.1", port)


def test_address_of_another_machine_raises_a_target_error():
    with pytest.raises(TargetError, match="choose an address of this machine"):
        listening("192.0.2.1", 0)


def test_ipv6_address_has_brackets_in_the_url():
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        listening("::1", 0).close()
    except TargetError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving(MockProvider(VLLM), "::1") as url, client(url) as http:
        assert url.startswith("http://[::1]:")
        assert http.get("/health").status_code == 200


def test_connections_send_small_writes_at_once():
    with listening("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


FOREVER = """
import sys
from contract.catalog.providers import dialects
from contract.mock_server.app import serve_forever
from contract.mock_server.provider import MockProvider
provider = MockProvider(dialects()["vllm-0.16"])
serve_forever(provider, port=0, ready=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_forever_ends_quietly_when_interrupted(number):
    with subprocess.Popen(  # noqa: S603  # the program above
        [sys.executable, "-W", "error", "-c", FOREVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        url = process.stdout.readline().strip()
        with client(url) as http:
            assert http.get("/health").status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=20)

    assert err == ""
    if number == signal.SIGINT:
        assert (out, process.returncode) == ("stopped\n", 0)
    else:
        assert process.returncode in {0, -signal.SIGTERM}
