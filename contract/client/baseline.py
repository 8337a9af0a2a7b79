"""
Loopback baseline: the share of every latency that this machine itself causes.

It has two parts: how long an exchange with a server that does nothing takes, and how
far the time of an arrival is behind the moment at which it was sent.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import httpx

from contract.client.connection import Connection
from contract.client.kernel_clock import KernelClock
from contract.client.recorder import Recorder
from contract.client.timeouts import Deadlines, Limits
from contract.model.chat import MODELS
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.timing import percentile
from contract.model.wire import build_request

REPEATS = 15
SENDS = 100  # that are stamped
WAIT = 1.0  # seconds for the next of them
_GAP = 0.001  # seconds between two of them
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    b"connection: close\r\n\r\n{}"
)
_PROBE = Probe(name="floor", method="GET", path=MODELS, reasons=False)


def measure_baseline(profile: Profile) -> str:
    """
    Describe how long it takes to record an exchange with a server that does nothing.

    The server is a socket of this process with a fixed response, and the recorder is
    the one that times the server under test: what remains is the share of this machine.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener,), daemon=True)
        thread.start()
        host, port = listener.getsockname()
        with Recorder(
            f"http://{host}:{port}", Limits(connect=1, total=2), stamped=True
        ) as recorder:
            request = build_request(_PROBE, profile, "")
            exchanges = [
                recorder.record(_PROBE, profile, request) for _ in range(REPEATS)
            ]
        thread.join(1)
    return f"{describe(exchanges)}; {measure_lag()}"


def measure_lag() -> str:
    """
    Describe how far the stamps of arrivals are behind the sends, on loopback.

    A thread sends bytes, and the connection of the recorder stamps them. A stamp before
    its send would be a bias, so the smallest difference is part of the sentence.
    """
    sent: list[float] = []
    lags: list[float] = []
    limits = Limits(connect=WAIT, first_byte=WAIT, between=WAIT, total=3 * WAIT)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        KernelClock() as clock,
        Deadlines(limits, total_only=False) as deadlines,
        Connection(deadlines, clock) as connection,
        contextlib.suppress(OSError, httpx.HTTPError),
    ):
        thread = threading.Thread(target=_send, args=(listener, sent), daemon=True)
        thread.start()
        connection.open("127.0.0.1", listener.getsockname()[1], within=WAIT)
        deadlines.sending()
        deadlines.sent()
        received = 0
        while True:
            data, at = connection.receive()
            if not data:
                break
            received += len(data)
            # Bytes that were read together have the time of the last of them.
            lags.append(at - sent[received - 1])
        thread.join(1)
    return describe_lag(lags, stamped=clock.stamped > clock.unstamped)


def _send(listener: socket.socket, sent: list[float]) -> None:
    listener.settimeout(1)
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(SENDS):
                sent.append(time.perf_counter())
                connection.send(b"x")
                time.sleep(_GAP)


def describe_lag(lags: list[float], *, stamped: bool) -> str:
    """
    Describe *lags*, in seconds, as a clause of the report header.

    *stamped* is whether the kernel gave the times.
    """
    least, median, high = (percentile(lags, share) for share in (0, 50, 99))
    if least is None or median is None or high is None:
        return "how far its time stamps are behind could not be measured"
    clock = "the kernel's receive times" if stamped else "the times of reads"
    return (
        f"its time stamps ({clock}) are behind the sends by "
        f"{1_000 * least:.2f} ms at least, median {1_000 * median:.2f} ms, 99th "
        f"percentile {1_000 * high:.2f} ms"
    )


def _serve(listener: socket.socket) -> None:
    listener.settimeout(2)
    try:
        for _ in range(REPEATS):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(_RESPONSE)
    except OSError:
        # A missing response is visible in the exchanges.
        return


def describe(exchanges: list[Exchange]) -> str:
    """Describe the baseline of *exchanges* as a note for the report header."""
    first_bytes = [x.arrivals[0].at for x in exchanges if x.arrivals]
    median, worst = percentile(first_bytes, 50), percentile(first_bytes, 100)
    if median is None or worst is None:
        return "this machine's own share of a latency could not be measured"
    return (
        "this machine's own share of a latency (loopback baseline, a server that does "
        f"nothing): median {1_000 * median:.2f} ms, maximum {1_000 * worst:.2f} ms"
    )
