"""Tests of the recorder: every way a request can end is recorded and bounded."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from dataclasses import replace
from functools import partial
from itertools import pairwise

import httpx
import pytest

from contract.catalog.profiles import builtin
from contract.client import recorder
from contract.client.recorder import failure
from contract.client.route import Route
from contract.client.timeouts import Limits
from contract.model.exchange import End
from contract.model.probe import Probe
from contract.model.response_kind import ResponseKind, kind_of
from contract.model.saved import dump
from contract.model.wire import Request, basic_credentials

PROFILE = builtin()["vllm-0.16"]
STREAMED = Probe(name="streamed", stream=True)
WHOLE = Probe(name="whole")
KEY = "sk-2f8a/secret+key=="
SOON = Limits(connect=2.0, first_byte=0.2, between=0.2, total=5.0)


@pytest.fixture(autouse=True, params=["httpx", "stamped"])
def _transport(request, monkeypatch):
    """Every test holds for both transports."""
    one = partial(recorder.Recorder, stamped=request.param == "stamped")
    monkeypatch.setitem(globals(), "Recorder", one)


Recorder = recorder.Recorder


def record(url, probe=STREAMED, *, limits=SOON, key=None, **more):
    request = Request("POST", "/v1/chat/completions", **{"body": b"{}", **more})
    with Recorder(url, limits, key) as recorder:
        return recorder.record(probe, PROFILE, request)


def test_a_whole_answer_is_recorded_as_it_was_sent(served):
    server = served(lambda c: c.answer({"a": "ü"}, status=201))

    exchange = record(server.url, body="{é}".encode())

    assert (
        exchange.status,
        exchange.json,
        exchange.end,
        exchange.note,
    ) == (201, {"a": "ü"}, End.COMPLETE, "")
    assert exchange.header("content-type") == "application/json"
    assert server.requests[0].endswith("{é}".encode())


def test_arrivals_keep_their_bytes_and_their_times_grow(served):
    def script(c):
        c.stream()
        for number in range(5):
            c.chunk(b"data: %d\n\n" % number)
            c.wait(0.02)
        c.chunk(b"")

    exchange = record(served(script).url)

    times = [arrival.at for arrival in exchange.arrivals]
    assert [b"data: %d\n\n" % n for n in range(5)] == [
        arrival.data for arrival in exchange.arrivals
    ]
    assert all(later - sooner > 0.01 for sooner, later in pairwise(times))
    assert 0 <= times[0] <= times[-1] <= exchange.elapsed


def test_connecting_does_not_count_as_latency(served, monkeypatch):
    server = served(lambda c: c.answer({}))
    slow = 0.3
    connect = socket.create_connection

    def late(*arguments, **more):
        threading.Event().wait(slow)
        return connect(*arguments, **more)

    monkeypatch.setattr(socket, "create_connection", late)

    exchange = record(server.url)

    assert exchange.end is End.COMPLETE
    assert exchange.elapsed < slow
    assert exchange.connecting > slow / 2


def test_identity_encoding_is_requested_on_a_new_connection_each_time(served):
    ports = []

    def script(c):
        ports.append(c.socket.getpeername()[1])
        c.answer({})
        # A server that keeps the connection open and closes it a little later.
        c.wait(0.2)

    server = served(script)
    with Recorder(server.url, SOON) as recorder:
        request = Request("GET", "/", (("accept-encoding", "identity"),))
        ends = [recorder.record(WHOLE, PROFILE, request).end for _ in range(3)]

    assert ends == [End.COMPLETE] * 3
    assert len(set(ports)) == 3
    assert server.requests[0].lower().count(b"accept-encoding") == 1
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_redirects_are_not_followed_and_cookies_not_kept(served):
    headers = (("Location", "/elsewhere"), ("Set-Cookie", "a=b"))
    server = served(lambda c: c.answer({}, status=307, headers=headers))
    with Recorder(server.url, SOON) as recorder:
        first = recorder.record(WHOLE, PROFILE, Request("GET", "/"))
        recorder.record(WHOLE, PROFILE, Request("GET", "/"))

    assert first.status == 307
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


def slow_body(c):
    c.stream()
    while not c.over.is_set():
        c.chunk(b"x")
        c.wait(0.03)


def slow_head(c):
    c.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not c.over.is_set():
        c.write(b"x")
        c.wait(0.03)


def stalls(c):
    c.stream()
    c.chunk(b"data: 1\n\n")
    c.wait()


def only_headers(c):
    c.stream()
    c.wait()


LONG_GAPS = Limits(connect=2.0, first_byte=9.0, between=9.0, total=0.4)


@pytest.mark.parametrize(
    ("script", "limits", "status", "note"),
    [
        pytest.param(
            lambda c: c.wait(), SOON, None, "no byte of the body", id="never-answers"
        ),
        pytest.param(only_headers, SOON, 200, "no byte of the body", id="only-headers"),
        pytest.param(stalls, SOON, 200, "no further bytes", id="stalls"),
        pytest.param(slow_body, LONG_GAPS, 200, "not complete", id="a-byte-at-a-time"),
        pytest.param(
            slow_head, LONG_GAPS, None, "not complete", id="a-head-byte-at-a-time"
        ),
    ],
)
def test_every_wait_is_bounded(served, script, limits, status, note):
    """The scripts wait longer than any test: without a bound there is another end."""
    exchange = record(served(script).url, limits=limits)

    assert (End.TIMEOUT, status) == (exchange.end, exchange.status)
    assert note in exchange.note


def done_then(*, comments=False, closes=False):
    """A stream with [DONE] in two arrivals, and what the server does then."""

    def script(c):
        c.stream()
        c.chunk(b'data: {"a": 1}\n\n')
        c.chunk(b"data: [DO")
        c.wait(0.02)
        c.chunk(b"NE]\r\n\r\n")
        while comments and not c.over.wait(0.02):
            c.chunk(b": keep-alive\n\n")
        if closes:
            c.wait(0.05)
            c.chunk(b"")
        c.wait()

    return script


# Nothing but the time after [DONE] may end these streams.
PATIENT = Limits(connect=2.0, first_byte=600.0, between=600.0, total=600.0)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(done_then(), id="silent"),
        pytest.param(done_then(comments=True), id="comments-for-ever"),
    ],
)
def test_a_connection_left_open_after_done_is_closed(served, monkeypatch, script):
    monkeypatch.setattr(recorder, "FIRST_GRACE", 0.3)

    exchange = record(served(script).url, limits=PATIENT)

    assert (exchange.end, exchange.note) == (
        End.OPEN,
        "the server left the connection open after [DONE]",
    )
    assert exchange.end.whole
    assert [event.data for event in exchange.events] == ['{"a": 1}', "[DONE]"]
    assert exchange.elapsed == exchange.events[-1].at
    assert not exchange.flaws


def test_a_server_that_closes_a_little_after_done_is_complete(served):
    exchange = record(served(done_then(closes=True)).url, limits=PATIENT)

    assert (exchange.end, exchange.note) == (End.COMPLETE, "")


def test_what_follows_done_is_recorded(served, monkeypatch):
    monkeypatch.setattr(recorder, "FIRST_GRACE", 0.3)

    def script(c):
        c.stream()
        c.chunk(b"data: [DONE]\n\n")
        c.wait(0.02)
        c.chunk(b'data: {"late": true}\n\n')
        c.wait()

    exchange = record(served(script).url, limits=PATIENT)

    assert ["[DONE]", '{"late": true}'] == [event.data for event in exchange.events]
    assert exchange.elapsed == exchange.events[-1].at


def test_done_ends_no_stream_of_a_dialect_without_it(served):
    request = Request("POST", "/v1/chat/completions", body=b"{}")
    server = served(done_then())
    with Recorder(server.url, SOON) as client:
        exchange = client.record(STREAMED, builtin()["transformers"], request)

    assert exchange.end is End.TIMEOUT


def comments_only(c):
    c.stream()
    while not c.over.wait(0.02):
        c.chunk(b": keep-alive\n\n")


def comments_after_an_event(c):
    c.stream()
    c.chunk(b"data: 1\n\n")
    while not c.over.wait(0.02):
        c.chunk(b": keep-alive\n\n")


@pytest.mark.parametrize("script", [comments_only, comments_after_an_event])
def test_comments_alone_do_not_keep_a_stream_alive(served, script):
    limits = Limits(connect=2.0, first_byte=1.0, between=0.5, total=600.0)

    exchange = record(served(script).url, limits=limits)

    assert (exchange.end, exchange.note) == (
        End.TIMEOUT,
        "only comments arrived for 1 s",
    )


def test_an_event_may_be_late_while_comments_arrive(served):
    """The bound between two arrivals is shorter than the wait for each event."""

    def script(c):
        c.stream()
        for number in range(2):
            for _ in range(5):
                c.chunk(b": processing\n\n")
                c.wait(0.1)
            c.chunk(b"data: %d\n\n" % number)
        c.chunk(b"")

    limits = Limits(connect=2.0, first_byte=8.0, between=0.4, total=20.0)
    exchange = record(served(script).url, limits=limits)

    assert exchange.end is End.COMPLETE
    assert len(exchange.events) == 2


def test_comments_may_stop_for_longer_before_the_first_event(served):
    def script(c):
        c.stream()
        c.chunk(b": processing\n\n")
        c.wait(0.5)
        c.chunk(b"data: 1\n\n")
        c.chunk(b"")

    limits = Limits(connect=2.0, first_byte=8.0, between=0.3, total=20.0)

    assert record(served(script).url, limits=limits).end is End.COMPLETE


def test_bytes_from_before_a_timeout_are_kept(served):
    exchange = record(served(stalls).url)

    assert exchange.body == b"data: 1\n\n"


def test_a_response_that_is_not_streamed_has_no_first_byte_timeout(served):
    def script(c):
        c.wait(0.4)
        c.answer({"late": True})

    exchange = record(served(script).url, WHOLE)

    assert exchange.json == {"late": True}


def test_a_server_that_reads_nothing_is_timed_out():
    listener = socket.create_server(("127.0.0.1", 0))
    limits = Limits(connect=2.0, first_byte=0.3, between=0.3, total=0.5)
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        exchange = record(url, limits=limits, body=b"x" * 30_000_000)

    assert exchange.end is End.TIMEOUT


def test_a_body_in_too_many_portions_is_truncated(served):
    def script(c):
        c.stream()
        for _ in range(1_000):
            c.chunk(b"x")

    limits = Limits(total=20.0, max_arrivals=100)
    exchange = record(served(script).url, limits=limits)

    assert exchange.end is End.TOO_LARGE
    assert len(exchange.arrivals) == 101
    assert exchange.note == "the body has more than 100 portions"


def test_a_body_that_is_too_large_is_truncated(served):
    def script(c):
        c.stream()
        for _ in range(1_600):
            c.chunk(b"x" * 65_536)

    limits = Limits(total=20.0, max_bytes=1_000_000)
    exchange = record(served(script).url, limits=limits)

    assert exchange.end is End.TOO_LARGE
    assert 1_000_000 < len(exchange.body) < 1_200_000
    assert "1000000 bytes" in exchange.note


def broken_chunk(c):
    c.stream()
    c.write(b"zz\r\nhello")


def short_body(c):
    c.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")


def reset_in_the_middle(c):
    c.stream()
    c.chunk(b"data: 1\n\n")
    c.wait(0.05)
    c.reset()


@pytest.mark.parametrize(
    ("script", "status", "body", "note"),
    [
        pytest.param(lambda _: None, None, b"", "before the response", id="hangs-up"),
        pytest.param(
            lambda c: c.reset(), None, b"", "before the response", id="resets"
        ),
        pytest.param(
            reset_in_the_middle, 200, b"data: 1\n\n", "in the middle", id="resets-late"
        ),
        pytest.param(short_body, 200, b"abc", "in the middle", id="short-body"),
        pytest.param(broken_chunk, 200, b"", "not HTTP", id="broken-chunk"),
        pytest.param(
            lambda c: c.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
            None,
            b"",
            "not HTTP",
            id="another-protocol",
        ),
        pytest.param(
            lambda c: c.write(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"),
            None,
            b"",
            "not HTTP",
            id="garbled-head",
        ),
        pytest.param(
            lambda c: c.write(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000),
            None,
            b"",
            "not HTTP",
            id="endless-header",
        ),
    ],
)
def test_a_broken_response_is_recorded(served, script, status, body, note):
    exchange = record(served(script).url)

    assert (End.RESET, status, body) == (exchange.end, exchange.status, exchange.body)
    assert note in exchange.note


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_refused_connection_is_noted():
    exchange = record(f"http://127.0.0.1:{unused_port()}")

    assert (exchange.end, exchange.status) == (End.REFUSED, None)
    assert "connection refused" in exchange.note


def test_an_unknown_host_is_noted():
    exchange = record("http://nonexistent.invalid")

    assert exchange.end is End.REFUSED
    assert "(DNS)" in exchange.note


def test_plain_http_behind_https_is_noted(served):
    server = served(lambda c: c.answer({}))

    exchange = record(f"https://127.0.0.1:{server.port}")

    assert exchange.end is End.REFUSED
    assert "TLS" in exchange.note
    assert "write http://" in exchange.note


def test_an_unanswered_handshake_is_not_reported_as_a_closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        exchange = record(
            f"https://127.0.0.1:{listener.getsockname()[1]}",
            limits=Limits(connect=0.2),
        )

    assert (exchange.end, exchange.status) == (End.TIMEOUT, None)
    assert "TLS handshake" in exchange.note
    assert "write http://" in exchange.note


@pytest.mark.parametrize(
    ("code", "words", "advice"),
    [
        pytest.param(18, "self-signed certificate", "SSL_CERT_FILE", id="self-signed"),
        pytest.param(20, "unable to get local issuer", "SSL_CERT_FILE", id="private"),
        pytest.param(10, "certificate has expired", "renew it", id="expired"),
        pytest.param(62, "Hostname mismatch", "the host name it was", id="other-name"),
    ],
)
def test_an_untrusted_certificate_is_noted(code, words, advice):
    cause = ssl.SSLCertVerificationError("certificate verify failed")
    cause.verify_code, cause.verify_message = code, words
    error = httpx.ConnectError("failed")
    error.__cause__ = cause

    end, note = failure(error, "https://host:8443/x", answered=False, connected=True)

    assert end is End.REFUSED
    assert "host:8443" in note
    assert words in note
    assert advice in note


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((("x-odd", "a\nb"),), id="line-break"),
        pytest.param((("authorization", f"Bearer {KEY}\x00"),), id="nul-after-a-key"),
    ],
)
def test_a_request_that_cannot_be_sent_is_noted_without_its_secrets(served, headers):
    server = served(lambda c: c.answer({}))

    exchange = record(server.url, key=KEY, headers=headers)

    assert (exchange.end, b"".join(server.requests)) == (End.REFUSED, b"")
    assert "could not be sent" in exchange.note
    assert KEY not in repr(exchange)


def echo(c):
    raw = json.dumps({"you sent": KEY, "again": [KEY]}).encode()
    c.answer(body=raw, headers=(("X-Your-Key", KEY), ("Set-Cookie", "session=1")))


def echo_in_parts(c):
    c.stream()
    half = len(KEY) // 2
    for part in (f"data: {KEY[:half]}", f"{KEY[half:]} and more\n\n"):
        c.chunk(part.encode())
        c.wait(0.02)
    c.chunk(b"")


@pytest.mark.parametrize(
    "script", [pytest.param(echo, id="whole"), pytest.param(echo_in_parts, id="cut")]
)
def test_an_echoed_key_is_masked_in_the_exchange(served, script):
    server = served(script)
    authorization = (("authorization", f"Bearer {KEY}"),)

    exchange = record(server.url, key=KEY, headers=authorization)

    assert KEY.encode() in server.requests[0]
    assert exchange.status == 200
    assert KEY not in repr(exchange)
    assert KEY not in exchange.text
    assert KEY not in json.dumps(dump(exchange))
    assert "session=1" not in repr(exchange)


def test_masking_a_key_keeps_lengths_and_times(served):
    exchange = record(served(echo).url, key=KEY)

    assert exchange.header("content-length") == str(len(exchange.body))
    assert exchange.json == {"you sent": "*" * len(KEY), "again": ["*" * len(KEY)]}


def test_a_placeholder_key_does_not_alter_responses(served):
    server = served(lambda c: c.answer({"message": "EMPTY is the word"}))

    exchange = record(server.url, key="EMPTY")

    assert exchange.json == {"message": "EMPTY is the word"}


def test_closing_aborts_exchanges_in_progress(served):
    arrived = threading.Event()

    def script(c):
        arrived.set()
        c.wait()

    recorder = Recorder(served(script).url, Limits())
    found = []
    thread = threading.Thread(
        target=lambda: found.append(
            recorder.record(STREAMED, PROFILE, Request("POST", "/", (), b"{}"))
        )
    )
    thread.start()
    arrived.wait(5)
    recorder.close()
    thread.join(5)

    assert not thread.is_alive()
    assert "stopped" in found[0].note


def test_a_closed_recorder_sends_nothing_and_says_so(served):
    server = served(lambda c: c.answer({}))
    recorder = Recorder(server.url, Limits())
    recorder.close()
    exchange = recorder.record(STREAMED, PROFILE, Request("POST", "/", (), b"{}"))

    assert (None, "the run was stopped") == (exchange.status, exchange.note)
    assert not exchange.end.whole
    assert [] == server.requests


def test_loopback_is_never_sent_through_a_proxy(served, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    exchange = record(served(lambda c: c.answer({"direct": True})).url)

    assert exchange.json == {"direct": True}


def test_a_probe_hangs_up_and_the_server_notices(served):
    noticed = threading.Event()

    def script(c):
        c.stream()
        c.chunk(b"data: 1\n\n")
        c.socket.settimeout(5.0)
        if c.socket.recv(1) == b"":
            noticed.set()

    exchange = record(served(script).url, replace(STREAMED, hang_up_after=1))

    assert (exchange.status, exchange.body) == (200, b"data: 1\n\n")
    assert (exchange.end, exchange.note) == (End.LEFT, "the probe hung up")
    assert noticed.wait(5.0)


def test_a_probe_hangs_up_even_if_no_byte_comes(served, monkeypatch):
    monkeypatch.setattr("contract.client.recorder.HANG_UP_SECONDS", 0.05)
    noticed = threading.Event()

    def script(c):
        c.socket.settimeout(5.0)
        if c.socket.recv(1) == b"":
            noticed.set()

    exchange = record(served(script).url, replace(STREAMED, hang_up_after=1))

    assert (exchange.status, exchange.end) == (None, End.LEFT)
    assert kind_of(exchange) is ResponseKind.LEFT
    assert noticed.wait(5.0)


def test_a_probe_that_cannot_connect_has_not_left():
    exchange = record("http://127.0.0.1:9", replace(STREAMED, hang_up_after=1))

    assert exchange.end is End.REFUSED


def test_a_response_that_ends_before_the_hang_up_is_complete(served):
    server = served(lambda c: c.answer({"a": 1}))

    exchange = record(server.url, replace(WHOLE, hang_up_after=1_000))

    assert exchange.end is End.COMPLETE


def test_a_key_is_masked_in_basic_credentials(served):
    echoed = basic_credentials(KEY)
    exchange = record(served(lambda c: c.answer({"seen": echoed})).url, key=KEY)

    assert echoed.encode() not in exchange.body


def test_the_headers_of_the_route_are_sent_but_not_recorded(served):
    value = "the-value-of-this-tenant"
    server = served(lambda c: c.answer({"echo": value}, headers=(("X-Echo", value),)))
    route = Route.read([f"X-Tenant: {value}", "X-Own: of-the-route", "User-Agent: me"])
    request = Request("POST", "/v1", (("x-own", "of the probe"),), b"{}")
    with Recorder(server.url, SOON, route=route) as recorder:
        exchange = recorder.record(WHOLE, PROFILE, request)

    head = server.requests[0].lower()
    assert b"x-tenant: " + value.encode() in head
    assert b"x-own: of the probe" in head
    assert b"of-the-route" not in head
    assert head.count(b"user-agent") == 1
    assert value not in json.dumps(dump(exchange))
    assert exchange.request.headers == request.headers


def test_another_machine_is_reached_through_the_proxy_and_this_one_directly(served):
    proxy = served(lambda c: c.answer({"by": "proxy"}))
    server = served(lambda c: c.answer({"by": "server"}))
    route = Route.read(proxy=f"http://me:password-of-me@127.0.0.1:{proxy.port}")
    bodies = []
    for url in ("http://gateway.invalid:81", server.url):
        with Recorder(url, SOON, route=route) as recorder:
            exchange = recorder.record(WHOLE, PROFILE, Request("GET", "/v1/models"))
            bodies.append(exchange.json)

    assert bodies == [{"by": "proxy"}, {"by": "server"}]
    assert proxy.requests[0].startswith(b"GET http://gateway.invalid:81/v1/models ")
    assert b"proxy-authorization" in proxy.requests[0].lower()


@pytest.mark.parametrize(
    ("scheme", "status", "words"),
    [
        pytest.param("https", 407, "write USER:PASSWORD@ before its host", id="407"),
        pytest.param("https", 502, "check the proxy, or name the host", id="502"),
        pytest.param("http", None, "nothing listens on the proxy http://***@", id="no"),
    ],
)
def test_a_failing_proxy_is_named_without_its_password(served, scheme, status, words):
    server = served(lambda c: c.answer({}, status=status))
    port = server.port if status else 1
    route = Route.read(proxy=f"http://me:password-of-me@127.0.0.1:{port}")
    with Recorder(f"{scheme}://gateway.invalid", SOON, route=route) as recorder:
        exchange = recorder.record(WHOLE, PROFILE, Request("GET", "/"))

    assert exchange.end is End.REFUSED
    assert words in exchange.note
    assert "password-of-me" not in exchange.note


def test_a_silent_server_behind_a_proxy_is_bounded(served):
    server = served(lambda c: c.wait())
    route = Route.read(proxy=f"http://127.0.0.1:{server.port}")
    with Recorder("http://gateway.invalid", SOON, route=route) as recorder:
        exchange = recorder.record(STREAMED, PROFILE, Request("POST", "/", (), b"{}"))

    assert exchange.end is End.TIMEOUT
    assert exchange.elapsed < SOON.total
