"""This machine's own share in every latency: the time a request takes over loopback."""

from __future__ import annotations

import socket
import threading

from contract.client.recorder import Recorder
from contract.client.timeouts import Limits
from contract.model.chat import (
    MODELS,
    Probe,
)
from contract.model.exchange import (
    Arrival,
    Exchange,
)
from contract.model.profile import Profile
from contract.model.timing import percentile
from contract.model.wire import build_request

TIMES = 15
_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    b"connection: close\r\n\r\n{}"
)
_PROBE = Probe(name="floor", method="GET", path=MODELS, reasons=False)


def measure_baseline(profile: Profile) -> str:
    """
    What recording one exchange with a server that does nothing takes, in words.

    The server is a socket of this process that answers whatever it reads, and the
    recorder is the one that times providers: what is left is this machine.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening,), daemon=True)
        thread.start()
        host, port = listening.getsockname()
        with Recorder(f"http://{host}:{port}", Limits(connect=1, total=2)) as recorder:
            request = build_request(_PROBE, profile, "")
            exchanges = [
                recorder.record(_PROBE, profile, request) for _ in range(TIMES)
            ]
        thread.join(1)
    return describe(exchanges)


def _serve(listening: socket.socket) -> None:
    listening.settimeout(2)
    try:
        for _ in range(TIMES):
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(_ANSWER)
    except OSError:
        # Whoever measures sees that an answer is missing.
        return


def describe(exchanges: list[Exchange]) -> str:
    """The floor of those exchanges, as a header's note."""
    firsts = [_first(x.arrivals) for x in exchanges if x.arrivals]
    median, worst = percentile(firsts, 50), percentile(firsts, 100)
    if median is None or worst is None:
        return "this machine's own share of a latency could not be measured"
    return (
        "this machine's own share of a latency (loopback, a server that does "
        f"nothing): {1_000 * median:.1f} ms, at most {1_000 * worst:.1f} ms"
    )


def _first(arrivals: tuple[Arrival, ...]) -> float:
    return arrivals[0].at
