"""
A relay between raw sockets: bytes, hang-ups, errors and resets pass as they are.

The client's side is `proxying.relay`, the server's `proxying.upstream`; what is noted
of an exchange is a `proxying.passing`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from itertools import accumulate, pairwise

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.relaying import NAME, PATIENCE, received, relaying

from contract.catalog.profiles import named
from contract.client.route import DIRECT
from contract.model.exchange import End
from contract.proxying import limits, running
from contract.proxying.heads import Head
from contract.proxying.passed import Passed
from contract.proxying.passing import Passing
from contract.proxying.relay import Relay

GET = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CLOSING = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
BOTH_LENGTHS = (
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-CasE:  kept \r\n"


def post(body, *lines, close=True):
    head = [b"POST /v1/chat/completions HTTP/1.1", b"Host: localhost", *lines]
    head += [b"Connection: close"] if close else []
    head += [b"Content-Length: %d" % len(body)]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def chunked(*chunks):
    return b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"


def whole(body, *lines, status=b"200 OK"):
    head = [b"HTTP/1.1 " + status, *lines, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def test_a_request_arrives_with_its_bytes_and_a_via(served):
    server = served(lambda c: c.write(whole(b"{}", b"Connection: close")))
    body = b'{"model" : "x",\n"messages":[]}'
    with relaying(server.url + "/prefix") as relay:
        relay.send(post(body, b"X-Odd:  value", b"authorization: Bearer sk-123456789"))
        (passed,) = relay.wait()

    (raw,) = server.requests
    head, _, sent = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /prefix/v1/chat/completions HTTP/1.1"
    assert b"Host: " + server.url[7:].encode() in lines
    assert b"X-Odd:  value" in lines
    assert b"Via: 1.1 " + NAME.encode() in lines
    assert sent == body
    assert (passed.body, passed.path) == (body, "/v1/chat/completions")
    assert sum(size for _, size in passed.sends) == len(body)


@pytest.mark.parametrize(
    "response",
    [
        SSE + b"Connection: close\r\n\r\ndata: 1\r\n\r\ndata: [DONE]\r\n\r\n",
        whole(b"\x1f\x8b\x08damaged", b"Content-Encoding: gzip", b"Connection: close"),
        whole(b"no json", b"Connection: close", status=b"500 Whatever it is"),
        SSE + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;extension=1\r\nhello\r\n0\r\nTrailer-Field: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        + whole(b"{}", b"Connection: close"),
        whole(b"", b"Location: /elsewhere", b"Connection: close", status=b"307 Moved"),
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        # Longer than it says: the rest follows as it would without a relay.
        whole(b"{}", b"Connection: close") + b"garbage",
    ],
)
def test_a_response_passes_byte_by_byte(served, response):
    server = served(lambda c: c.write(response))
    with relaying(server.url) as relay:
        back = relay.send(CLOSING)

    lines = back.partition(b"\r\n\r\n")
    assert without_connection(back) == without_connection(response), lines


def without_connection(raw):
    return raw.replace(b"Connection: close\r\n", b"").replace(
        b"\r\nConnection: close", b""
    )


def test_two_requests_share_a_connection_on_both_sides(served):
    def twice(connection):
        connection.write(whole(b'{"n":1}'))
        connection.socket.recv(65_536)
        connection.write(whole(b'{"n":2}', b"Connection: close"))

    server = served(twice)
    with relaying(server.url) as relay, relay.connect() as client:
        client.sendall(GET)
        first = client.recv(65_536)
        client.sendall(CLOSING)
        second = received(client)
        passed = relay.wait(2)

    assert first == whole(b'{"n":1}')
    assert second.endswith(b'{"n":2}')
    assert [one.connecting > 0 for one in passed] == [True, False]


def test_requests_that_come_together_are_answered_in_order(served):
    def twice(connection):
        connection.write(whole(b'{"n":1}'))
        connection.socket.recv(65_536)
        connection.write(whole(b'{"n":2}', b"Connection: close"))

    with relaying(served(twice).url) as relay:
        back = relay.send(GET + CLOSING)

    assert back.index(b'{"n":1}') < back.index(b'{"n":2}')


def test_a_connection_that_the_server_closes_is_closed_for_the_client(served):
    server = served(lambda c: c.write(whole(b"{}")))
    with relaying(server.url) as relay, relay.connect() as client:
        client.sendall(GET)

        assert received(client) == whole(b"{}")


def test_a_stream_that_is_cut_off_is_cut_off(served):
    def cut(connection):
        connection.stream()
        connection.chunk(b"data: 1\n\n")

    with relaying(served(cut).url) as relay:
        back = relay.send(post(b'{"stream":true}'))
        (passed,) = relay.wait()

    assert back.endswith(b"9\r\ndata: 1\n\n\r\n")
    assert passed.end is End.RESET
    assert passed.response == b"data: 1\n\n"


def test_a_reset_is_a_reset(served):
    def reset(connection):
        connection.stream()
        connection.chunk(b"data: 1\n\n")
        time.sleep(0.05)
        connection.reset()

    with relaying(served(reset).url) as relay, relay.connect() as client:
        client.sendall(post(b"{}"))
        data = client.recv(65_536)
        with pytest.raises(ConnectionResetError):
            received(client, suppress=False)
        (passed,) = relay.wait()

    assert data.startswith(b"HTTP/1.1 200 OK")
    assert (passed.end, passed.status) == (End.RESET, 200)


def test_a_close_before_the_response_is_a_close(served):
    with relaying(served(lambda _: None).url) as relay:
        back = relay.send(GET)
        (passed,) = relay.wait()

    assert back == b""
    assert (passed.status, passed.end) == (None, End.RESET)


def test_a_hang_up_of_the_client_reaches_the_server(served):
    seen = threading.Event()

    def endless(connection):
        connection.stream()
        connection.chunk(b"data: 1\n\n")
        with contextlib.suppress(OSError):
            if connection.socket.recv(10) == b"":
                seen.set()

    with relaying(served(endless).url) as relay:
        with relay.connect() as client:
            client.sendall(post(b'{"stream":true}', close=False))
            client.recv(10)
        assert seen.wait(PATIENCE)
        (passed,) = relay.wait()

    assert (passed.end, passed.note) == (End.LEFT, "the client hung up")


def test_a_hang_up_during_the_request_is_noted(served):
    with relaying(served(lambda c: c.wait(0.1)).url) as relay:
        with relay.connect() as client:
            client.sendall(post(b"{}" * 100)[:-50])
            time.sleep(0.05)
        (passed,) = relay.wait()

    assert passed.end is End.LEFT


def test_a_client_that_trickles_is_served(served):
    raw = post(b'{"model":"x"}')
    server = served(lambda c: c.write(whole(b"{}", b"Connection: close")))
    with relaying(server.url) as relay, relay.connect() as client:
        for byte in raw:
            client.sendall(bytes([byte]))
        back = received(client)

    assert back.endswith(b"{}")


def test_a_chunked_request_is_passed_on_as_one(served):
    def echo(connection):
        data = connection.request
        while b"0\r\n\r\n" not in data.partition(b"\r\n\r\n")[2]:
            data += connection.socket.recv(65_536)
        connection.write(whole(data.partition(b"\r\n\r\n")[2], b"Connection: close"))

    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"{", b"}")
    with relaying(served(echo).url) as relay:
        back = relay.send(raw)
        (passed,) = relay.wait()

    assert back.endswith(chunked(b"{", b"}"))
    assert passed.body == b"{}"


def test_a_client_of_http_1_0_gets_no_chunks(served):
    def stream(connection):
        connection.stream()
        connection.chunk(b"data: 1\n\n")
        connection.chunk(b"")

    with relaying(served(stream).url) as relay:
        back = relay.send(b"GET /v1/models HTTP/1.0\r\n\r\n")

    head, _, body = back.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert body == b"data: 1\n\n"


@pytest.mark.parametrize(
    ("raw", "status", "words"),
    [
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405, b"no tunnels"),
        (b"nonsense\r\n\r\n", 400, b"request line"),
        (b"GET / HTTP/2.0\r\n\r\n", 400, b"request line"),
        (b"GET /\x00 HTTP/1.1\r\nHo\x00st: x\r\n\r\n", 400, b"not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, b"--allow-host"),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nVia: 1.1 " + NAME.encode() + b"\r\n\r\n",
            508,
            b"the proxy itself",
        ),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431, b"too large"),
        (BOTH_LENGTHS, 400, b"not HTTP/1.1"),
    ],
)
def test_what_is_not_passed_on_is_refused_in_the_dialect(served, raw, status, words):
    server = served(lambda c: c.write(whole(b"{}", b"Connection: close")))
    with relaying(server.url) as relay:
        back = relay.send(raw)

    head, _, body = back.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert words in body
    assert body.startswith(b'{"error":')
    assert server.requests == []


def test_a_server_that_is_away_is_a_502_and_the_proxy_goes_on():
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    with relaying(f"http://127.0.0.1:{port}") as relay:
        first = relay.send(post(b"{}"))
        second = relay.send(GET)
        passed = relay.wait(2)

    assert first.startswith(b"HTTP/1.1 502 ")
    assert b"nothing listens" in first
    assert second.startswith(b"HTTP/1.1 502 ")
    assert [one.end for one in passed] == [End.REFUSED] * 2
    assert passed[0].status is None


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03"]
)
def test_a_server_that_does_not_speak_http_is_a_502(served, raw):
    with relaying(served(lambda c: (c.write(raw), c.wait(0.2))).url) as relay:
        back = relay.send(GET)
        (passed,) = relay.wait()

    assert back.startswith(b"HTTP/1.1 502 ") or back == raw
    assert passed.end is End.RESET


def test_broken_chunks_pass_as_they_are(served):
    def broken(connection):
        connection.stream()
        connection.write(b"5\r\nhello\r\nzz\r\n")

    with relaying(served(broken).url) as relay:
        back = relay.send(post(b"{}"))
        (passed,) = relay.wait()

    assert back.endswith(b"5\r\nhello\r\nzz\r\n")
    assert (passed.end, passed.response) == (End.RESET, b"hello")
    assert "not HTTP" in passed.note


def test_a_body_that_is_too_large_passes_and_is_not_kept(served, monkeypatch):
    monkeypatch.setattr(limits, "MOST_BODY", 1_000)
    body = b"x" * 5_000
    with relaying(
        served(lambda c: c.write(whole(body, b"Connection: close"))).url
    ) as one:
        back = one.send(CLOSING)
        (passed,) = one.wait()

    assert back.endswith(body)
    assert (passed.response, len(passed.times)) == (b"", 0)
    assert "larger" in passed.lost


def test_silence_ends_an_exchange(served, monkeypatch):
    monkeypatch.setattr(limits, "SILENCE", 0.05)
    monkeypatch.setattr(limits, "TICK", 0.02)
    with relaying(served(lambda c: c.wait()).url) as relay:
        back = relay.send(GET)
        (passed,) = relay.wait()

    assert back.startswith(b"HTTP/1.1 504 ")
    assert passed.end is End.TIMEOUT


def test_a_head_that_does_not_end_is_refused(served, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_TIMEOUT", 0.05)
    monkeypatch.setattr(limits, "TICK", 0.02)
    with relaying(served(lambda _: None).url) as relay:
        back = relay.send(GET[:-4])

    assert back.startswith(b"HTTP/1.1 408 ")


def test_the_times_of_portions_ascend(served):
    def slow(connection):
        connection.stream()
        for number in range(4):
            connection.chunk(b"data: %d\n\n" % number)
            time.sleep(0.01)
        connection.chunk(b"")

    with relaying(served(slow).url) as relay:
        relay.send(post(b"{}"))
        (passed,) = relay.wait()

    assert len(passed.times) == 4
    assert all(later - sooner > 0.005 for sooner, later in pairwise(passed.times))
    assert passed.elapsed >= passed.times[-1]


PIECES = st.lists(
    st.sampled_from(
        [b'data: {"a":1}\r\n\r\n', b"data: \xff\xfe\n", b"\n", b": ping\n\n"]
    )
    | st.binary(min_size=1, max_size=40),
    max_size=6,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=PIECES,
    framing=st.sampled_from(["length", "chunked", "close", "cut"]),
    status=st.sampled_from([b"200 OK", b"400 Bad Request", b"599 x", b"429 "]),
    cuts=st.lists(st.integers(0, 400), max_size=5),
)
def test_any_response_in_any_portions_passes_byte_by_byte(
    served, pieces, framing, status, cuts
):
    body = b"".join(pieces)
    lines = [b"HTTP/1.1 " + status, b"X-Case: Kept", b"Content-Type: text/event-stream"]
    if framing == "length":
        response, end = whole(body, *lines[1:], status=status), End.COMPLETE
    elif framing == "close":
        response, end = b"\r\n".join(lines) + b"\r\n\r\n" + body, End.COMPLETE
    else:
        tail = chunked(*pieces)
        cut = framing == "cut"
        response = b"\r\n".join([*lines, b"Transfer-Encoding: chunked"])
        response += b"\r\n\r\n" + (tail[:-5] if cut else tail)
        end = End.RESET if cut else End.COMPLETE
    places = [0, *sorted({c for c in cuts if c < len(response)} - {0}), len(response)]

    def play(connection):
        for start, stop in pairwise(places):
            connection.write(response[start:stop])

    with relaying(served(play).url) as relay:
        back = relay.send(CLOSING)
        (passed,) = relay.wait()

    assert without_connection(back) == response
    assert passed.response == body
    assert [*accumulate(passed.sizes)][-1:] == ([len(body)] if body else [])
    assert passed.end is end


def test_what_ends_together_is_handed_over_one_by_one_and_in_order():
    taken: list[Passed] = []
    head = Head.read(b"POST /v1/chat/completions HTTP/1.1\r\n\r\n")

    async def end() -> list[list[int]]:
        chosen = running.settings(
            "http://127.0.0.1:9", named("vllm").dialect, DIRECT, "test"
        )
        relay = Relay(chosen, taken.append)
        passing = [Passing(n, head, "POST", "/v1/chat/completions") for n in range(5)]
        for one in passing:
            one.pieces.append(b"ab")
            one.times.append(1.0)
            relay.ended(one, End.COMPLETE, "")
            one.pieces.append(b"after the end")
        seen = [[*taken]]
        for _ in range(2):
            await asyncio.sleep(0)
            seen.append([*taken])
        relay.flush()
        return [[one.number for one in each] for each in (*seen, taken)]

    assert uvloop.run(end()) == [[], [0], [0, 1], [0, 1, 2, 3, 4]]
    assert {one.response for one in taken} == {b"ab"}
    assert {one.sizes.tolist() == [2] for one in taken} == {True}
