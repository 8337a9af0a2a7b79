"""Tests of frames that timers write, and of the send times in them."""

from __future__ import annotations

import json
import socket
import time

import httpx
import pytest

from contract.catalog.profiles import builtin
from contract.mock_server.app import app, running, serving
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.pacing import KEPT, Cork, Sink, Times, Timestamps
from contract.mock_server.provider import MockProvider
from contract.model.reply import Frame

DIALECT = builtin()["vllm-0.32"].dialect
CHAT = {
    "model": "magistral-small-2509",
    "messages": [{"role": "user", "content": "What is 6 times 7?"}],
    "stream": True,
}
PATH = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        pytest.param(b'data: {"a":1}\n\n', {"a": 1}, id="object"),
        pytest.param(b"data: {}\n\n", {}, id="empty-object"),
    ],
)
def test_an_event_gets_its_send_time(data, rest):
    times = Times(0)
    before = time.monotonic_ns()
    event = json.loads(times.stamped(data)[len("data: ") :])

    sent = event.pop("sent_at")
    assert event == rest
    assert before <= sent["monotonic_ns"] <= time.monotonic_ns()
    assert abs(sent["unix_ns"] - time.time_ns()) < 60 * 10**9
    assert times.sent == [sent["monotonic_ns"]]


@pytest.mark.parametrize(
    "data", [b"data: [DONE]\n\n", b": comment\n\n", b"data: 1\n\n", b"", b"da"]
)
def test_other_bytes_stay_as_they_are(data):
    assert Times(0).stamped(data) == data


def test_only_the_last_streams_are_kept():
    timestamps = Timestamps()
    for number in range(KEPT + 1):
        timestamps.begin(number / 1e9)

    streams = timestamps.answer()["streams"]
    assert (len(streams), streams[0]["received_ns"]) == (KEPT, 1)


def test_a_server_writes_send_times_and_lists_them():
    provider = MockProvider(DIALECT, plan=LatencyPlan(0.02, 0.001))
    with serving(provider, timestamps=Timestamps()) as url, httpx.Client() as client:
        before = time.monotonic_ns()
        body = client.post(url + PATH, json=CHAT).text
        events = [
            json.loads(line[6:])
            for line in body.splitlines()
            if line.startswith("data: {")
        ]
        listed = client.delete(url + Timestamps.PATH).json()["streams"]
        after = client.get(url + Timestamps.PATH).json()["streams"]
        refused = client.post(url + Timestamps.PATH)

    sent = [event["sent_at"]["monotonic_ns"] for event in events]
    assert sent == sorted(sent)
    assert before < listed[0]["received_ns"] < sent[0]
    # The last is [DONE], which has no place for a time.
    assert listed[0]["sent_ns"][:-1] == sent
    assert all(
        written >= at
        for at, written in zip(
            listed[0]["sent_ns"], listed[0]["written_ns"], strict=True
        )
    )
    assert after == []
    assert (refused.status_code, refused.json()) == (
        405,
        {"error": "use GET or DELETE"},
    )


def test_without_the_option_nothing_is_added():
    with serving(MockProvider(DIALECT)) as url, httpx.Client() as client:
        assert "sent_at" not in client.post(url + PATH, json=CHAT).text
        assert client.get(url + Timestamps.PATH).status_code == 404


def test_a_whole_answer_has_no_times():
    timestamps = Timestamps()
    with serving(MockProvider(DIALECT), timestamps=timestamps) as url:
        whole = httpx.post(url + PATH, json={**CHAT, "stream": False}).json()

    assert "sent_at" not in whole
    assert timestamps.answer() == {"streams": []}


@pytest.mark.parametrize("gap", [0.0, 0.0005])
def test_a_client_that_reads_slowly_gets_every_byte(gap):
    """More than the buffers of both sockets hold, so that the writes have to wait."""
    data = b"data: " + b"x" * 50_000 + b"\n\n"
    count = 400

    class Long(MockProvider):
        def reply(self, request, number=None):
            reply = super().reply(request, number)
            return reply.with_frames(Frame(n * gap, data) for n in range(count))

    with serving(Long(DIALECT)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            body = json.dumps(CHAT).encode()
            client.sendall(
                b"POST %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: "
                b"application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (PATH.encode(), len(body), body)
            )
            time.sleep(0.1)
            received = b""
            while part := client.recv(2**20):
                received += part

    assert received.count(data) == count
    assert received.endswith(b"0\r\n\r\n")


def test_a_response_without_chunks_has_no_sink():
    async def send(_message):
        """Any server but uvicorn."""

    assert Sink.of(send) is None


class Flow:
    write_paused = False


class Cycle:
    """What uvicorn's `send` belongs to, with the writes that reach the socket."""

    def __init__(self, *, paused=False):
        self.flow = Flow()
        self.flow.write_paused = paused
        self.transport = self
        self.written, self.closed = [], False

    def send(self, data):
        self.transport.write(data)

    def write(self, data):
        self.written.append(data)

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


def test_writes_within_a_cork_are_one():
    cycle = Cycle()
    with Cork(cycle.send):
        cycle.send(b"head")
        cycle.send(b"body")
        cycle.transport.close()
        assert (cycle.written, cycle.transport.is_closing()) == ([], False)

    assert (cycle.written, cycle.closed) == ([b"headbody"], True)
    cycle.send(b"later")
    assert cycle.written == [b"headbody", b"later"]


@pytest.mark.parametrize(
    ("cycle", "send"),
    [
        pytest.param(Cycle(paused=True), None, id="full"),
        pytest.param(Cycle(), lambda _: None, id="another-server"),
    ],
)
def test_a_cork_that_does_not_fit_holds_nothing_back(cycle, send):
    with Cork(send or cycle.send):
        cycle.send(b"head")
        assert cycle.written == [b"head"]


def test_what_was_written_before_an_error_is_sent():
    cycle = Cycle()

    def respond():
        with Cork(cycle.send):
            cycle.send(b"head")
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        respond()

    assert cycle.written == [b"head"]


@pytest.mark.parametrize("icl", [0.0, 0.002])
def test_joined_frames_are_the_same_bytes(icl):
    bodies = []
    for joined in (False, True):
        provider = MockProvider(DIALECT, plan=LatencyPlan(icl, icl))
        with running(app(provider, joined=joined)) as url:
            bodies.append(httpx.post(url + PATH, json=CHAT).content)

    assert bodies[0] == bodies[1]
    assert bodies[0].endswith(b"data: [DONE]\n\n")
