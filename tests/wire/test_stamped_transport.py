"""Tests of the stamped transport: it reads what httpx reads, with the kernel's times."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.client.recorder import Recorder
from contract.client.timeouts import Limits
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
