"""Loopback baseline: the share of every latency that this machine itself causes."""

from __future__ import annotations

import socket
import threading

from contract.client.recorder import Recorder
from contract.client.timeouts import Limits
from contract.model.chat import MODELS
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.timing import percentile
from contract.model.wire import build_request

REPEATS = 15
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
        with Recorder(f"http://{host}:{port}", Limits(connect=1, total=2)) as recorder:
            request = build_request(_PROBE, profile, "")
            exchanges = [
                recorder.record(_PROBE, profile, request) for _ in range(REPEATS)
            ]
        thread.join(1)
    return describe(exchanges)


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
        f"nothing): median {1_000 * median:.1f} ms, maximum {1_000 * worst:.1f} ms"
    )
