"""Tests of a connection: its times, and the bounds of its waits."""

from __future__ import annotations

import socket
import threading
import time

import httpx
import pytest

from contract.client.connection import Connection
from contract.client.kernel_clock import KernelClock
from contract.client.timeouts import Deadlines, Limits

SOON = Limits(connect=2.0, first_byte=0.2, between=0.2, total=5.0)


@pytest.fixture
def opened():
    """`opened(limits)`: a connection, its deadlines, and the server's socket."""
    with KernelClock() as clock, socket.create_server(("127.0.0.1", 0)) as listener:
        made = []

        def opened(limits=SOON):
            deadlines = Deadlines(limits, total_only=False)
            deadlines.__enter__()
            connection = Connection(deadlines, clock)
            connection.open("127.0.0.1", listener.getsockname()[1], within=2.0)
            server, _ = listener.accept()
            made.extend((connection, server))
            deadlines.sending()
            deadlines.sent()
            return connection, deadlines, server

        yield opened
        for one in made:
            one.close()


def test_what_arrived_earlier_has_an_earlier_time(opened):
    connection, _, server = opened()
    server.send(b"first")
    sent = time.perf_counter()
    time.sleep(0.05)
    began = time.perf_counter()
    data, at = connection.receive()

    assert data == b"first"
    # Without stamps (another platform, the first moment) it is the time of the read.
    assert at < began or at - sent >= 0.05


def test_times_never_go_back(opened):
    connection, _, server = opened()
    times = []
    for _ in range(20):
        server.send(b"x")
        times.append(connection.receive()[1])

    assert times == sorted(times)


def test_the_end_of_the_connection_is_no_bytes(opened):
    connection, _, server = opened()
    server.close()

    assert connection.receive()[0] == b""


def test_a_silent_server_is_left_and_the_reason_noted(opened):
    connection, deadlines, _ = opened()
    with pytest.raises(httpx.ReadTimeout):
        connection.receive()

    assert "no byte of the body arrived within 0.2 s" in deadlines.stop()


def test_a_deadline_that_moved_away_is_waited_for(opened):
    connection, deadlines, server = opened()
    threading.Timer(0.1, deadlines.arrived).start()
    threading.Timer(0.25, server.send, (b"late",)).start()

    assert connection.receive()[0] == b"late"


def test_an_abort_from_another_thread_ends_the_wait(opened):
    connection, deadlines, _ = opened(Limits())
    threading.Timer(0.05, deadlines.abort, ("the run was stopped",)).start()

    assert connection.receive()[0] == b""
    assert deadlines.stop() == "the run was stopped"


def test_a_connection_that_is_not_open_says_so():
    with KernelClock() as clock, Deadlines(SOON, total_only=False) as deadlines:
        connection = Connection(deadlines, clock)
        for action in (connection.receive, lambda: connection.send(b"x")):
            with pytest.raises(OSError, match="not open"):
                action()
        connection.close()


@pytest.mark.parametrize("host", ["nonexistent.invalid", "a" * 70 + ".invalid"])
def test_a_host_without_an_address_is_an_error_of_connecting(host):
    with (
        KernelClock() as clock,
        Deadlines(SOON, total_only=False) as deadlines,
        Connection(deadlines, clock) as connection,
        pytest.raises(httpx.ConnectError),
    ):
        connection.open(host, 80, within=1.0)
