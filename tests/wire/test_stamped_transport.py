"""Tests of the stamped transport: what httpx reads, with the kernel's times."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from itertools import pairwise

import pytest

from contract.catalog.profiles import builtin
from contract.client.httpx_transport import HttpxTransport
from contract.client.recorder import Recorder
from contract.client.route import Proxy, Route
from contract.client.stamped_transport import StampedTransport
from contract.client.timeouts import Limits
from contract.client.transport import Sent
from contract.model.probe import Probe
from contract.model.wire import Request

PROFILE = builtin()["vllm-0.32"]
PROBE = Probe(name="one")
SOON = Limits(connect=2.0, first_byte=2.0, between=2.0, total=5.0)
HEAD = b"HTTP/1.1 200 OK\r\n"
RESPONSES = {
    "length": HEAD + b"Content-Length: 2\r\n\r\n{}",
    "empty": HEAD + b"Content-Length: 0\r\n\r\n",
    "until-close": HEAD + b"Content-Type: text/plain\r\n\r\nall of it",
    "http-1.0": b"HTTP/1.0 200 OK\r\n\r\nold",
    "no-reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
    "unknown-status": b"HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\n{}",
    "continue-first": b"HTTP/1.1 100 Continue\r\nX-Not: this\r\n\r\n"
    b"HTTP/1.1 201 Created\r\nX-But: this\r\nContent-Length: 2\r\n\r\n{}",
    "hints-first": b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no-content": b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
    "not-modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    "chunk-extension": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n",
    "trailers": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
    "upper-case": HEAD
    + b"TRANSFER-ENCODING: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "empty-header": HEAD + b"X-Empty:\r\nX-Next: a\r\nContent-Length: 2\r\n\r\n{}",
    "blanks": HEAD + b"X-Blank: \t a b \t\r\nContent-Length:  2 \r\n\r\n{}",
    "twice": HEAD + b"X-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\n{}",
    "not-ascii": HEAD + b"X-Odd: caf\xc3\xa9 \xff\r\nContent-Length: 2\r\n\r\n{}",
    "too-long": HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{} and more",
    "cut-chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc",
    "cut-head": HEAD + b"Content-Le",
    "negative-length": HEAD + b"Content-Length: -2\r\n\r\n{}",
    "word-as-length": HEAD + b"Content-Length: two\r\n\r\n{}",
    "nothing": b"",
    "compressed": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
}


def recorded(url, *, stamped, method="POST"):
    with Recorder(url, SOON, stamped=stamped) as recorder:
        request = Request(method, "/v1", (("x-own", "1"),), b"")
        return recorder.record(PROBE, PROFILE, request)


@pytest.mark.parametrize("name", RESPONSES)
def test_both_transports_read_the_same_response(served, name):
    server = served(lambda c: c.write(RESPONSES[name]))

    one, other = (recorded(server.url, stamped=stamped) for stamped in (False, True))

    def seen(exchange):
        return exchange.status, exchange.headers, exchange.body, exchange.end

    assert seen(one) == seen(other)
    assert one.note.partition("(")[0] == other.note.partition("(")[0]
    assert sorted(server.requests[0].lower().splitlines()) == sorted(
        server.requests[1].lower().splitlines()
    )


@pytest.mark.parametrize("method", ["HEAD", "GET", "OPTIONS", "DELETE"])
def test_both_transports_send_and_read_every_method(served, method):
    server = served(lambda c: c.write(HEAD + b"Content-Length: 2\r\n\r\n"))
    if method != "HEAD":
        server = served(lambda c: c.write(RESPONSES["length"]))

    one, other = (
        recorded(server.url, stamped=stamped, method=method)
        for stamped in (False, True)
    )

    assert (one.status, one.body, one.end) == (other.status, other.body, other.end)
    assert len({r.partition(b"\r\n")[0] for r in server.requests}) == 1


def test_a_body_in_small_parts_is_read_whole(served):
    raw = RESPONSES["trailers"]

    def script(c):
        for place in range(len(raw)):
            c.write(raw[place : place + 1])

    assert recorded(served(script).url, stamped=True).body == b"{}"


def test_parts_that_were_read_together_have_one_time(served):
    def script(c):
        c.write(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
        )

    exchange = recorded(served(script).url, stamped=True)

    assert [a.data for a in exchange.arrivals] == [b"a", b"b"]
    assert exchange.arrivals[0].at == exchange.arrivals[1].at


def test_the_recorder_says_which_times_it_took(served):
    def script(c):
        c.stream()
        for _ in range(20):
            c.chunk(b"data: 1\n\n")
            c.wait(0.005)
        c.chunk(b"")

    with Recorder(served(script).url, SOON, stamped=True) as recorder:
        exchange = recorder.record(PROBE, PROFILE, Request("POST", "/", (), b"{}"))
        assert "times" in recorder.times
    times = [arrival.at for arrival in exchange.arrivals]
    assert all(sooner <= later for sooner, later in pairwise(times))
    assert 0 <= times[0] <= times[-1] <= exchange.elapsed

    proxy = Route.read(proxy="http://127.0.0.1:1")
    with Recorder("http://gateway.invalid", SOON, None, proxy, stamped=True) as other:
        assert other.times == "the times of reads through a proxy"


def test_a_recorder_works_in_greenlets(served):
    """In a process of its own, because gevent patches the standard library."""
    pytest.importorskip("gevent")

    def script(c):
        c.stream()
        for number in range(3):
            c.chunk(b"data: %d\n\n" % number)
            c.wait(0.05)
        c.chunk(b"")

    program = f"""
        from gevent import monkey; monkey.patch_all()
        import gevent
        from contract.catalog.profiles import builtin
        from contract.client.recorder import Recorder
        from contract.client.timeouts import Limits
        from contract.model.probe import Probe
        from contract.model.wire import Request

        profile, probe = builtin()["vllm-0.32"], Probe(name="one", stream=True)
        request = Request("POST", "/", (), b"{{}}")
        with Recorder({served(script).url!r}, Limits(), stamped=True) as recorder:
            jobs = [
                gevent.spawn(recorder.record, probe, profile, request)
                for _ in range(8)
            ]
            gevent.joinall(jobs, timeout=20)
            print(*(len(job.value.events) for job in jobs))
    """
    done = subprocess.run(  # noqa: S603  # a program of our own making
        [sys.executable, "-c", textwrap.dedent(program)],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.stdout.split() == ["3"] * 8


@pytest.fixture(params=[HttpxTransport, StampedTransport])
def transport(request):
    """`transport(url)`: either transport, for requests to *url*."""

    def make(url):
        if request.param is HttpxTransport:
            return HttpxTransport(SOON, Proxy())
        return StampedTransport(url, SOON)

    return make


def test_a_transport_gives_the_head_before_the_body(served, transport):
    def script(c):
        c.stream()
        c.wait(0.05)
        c.chunk(b"data: 1\n\n")
        c.chunk(b"")

    url = served(script).url
    client = transport(url)
    with client.watch(SOON, total_only=False) as deadlines:
        sent = Sent("GET", url + "/v1", ((b"accept", b"text/event-stream"),), b"")
        with client.open(sent, deadlines) as response:
            names = [name.lower() for name, _ in response.headers]
            data = b"".join(portion for portion, _ in response.portions)
    client.close()

    assert (response.status, data) == (200, b"data: 1\n\n")
    assert b"transfer-encoding" in names


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "127.0.0.1:80"])
def test_a_url_of_another_kind_is_not_sent_to(url):
    one, other = (recorded(url, stamped=stamped) for stamped in (False, True))

    assert one.end is other.end
    assert "could not be sent" in other.note


def test_a_closed_transport_refuses_to_send(served, transport):
    server = served(lambda c: c.answer({}))
    client = transport(server.url)
    client.close()
    with (
        client.watch(SOON, total_only=True) as deadlines,
        pytest.raises(RuntimeError, match="closed"),
        client.open(Sent("GET", server.url, (), b""), deadlines),
    ):
        pass

    assert server.requests == []
