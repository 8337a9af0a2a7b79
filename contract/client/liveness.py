"""Liveness check: detects that a server has stopped answering."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from contract.client.retry_after import is_rate_limited
from contract.model.exchange import End, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request

Send = Callable[[Probe, Request], Exchange]

# A server that is being replaced refuses connections for a moment.
ATTEMPTS = 3
PAUSE = 1.0  # seconds between two attempts


class Liveness:
    """
    Repeats a request that succeeded earlier whenever another one got no answer.

    An engine that dies or hangs often leaves a gateway, or an open port, in front of
    it, so that each of hundreds of requests would wait for its own timeout. `stopped`
    is the reason why nothing more should be sent; it is empty while the server answers.
    """

    def __init__(self) -> None:
        self.stopped = ""
        self._lock = threading.Lock()
        self._known_good: tuple[Probe, Request] | None = None
        self._last_answer_at = 0.0

    def observe(
        self, request: Request, exchange: Exchange, ended: float, send: Send
    ) -> None:
        """
        Take *exchange* into account; repeat the known good request if it timed out.

        Args:
            request: The request as it was sent, with its API key, which an exchange
                does not contain.
            exchange: What came back.
            ended: When the exchange ended, in seconds of `time.monotonic`.
            send: Sends a request once more; called only when the exchange timed out
                or its connection was refused.
        """
        if self._known_good is None and _is_answered_chat(exchange):
            self._known_good = exchange.probe, request
        if exchange.end not in {End.TIMEOUT, End.REFUSED}:
            return
        with self._lock:
            if self._known_good is None or self.stopped or self._last_answer_at > ended:
                return
            repeated = _repeat(send, *self._known_good)
            # A rate limit is an answer of a server that is alive.
            limited = is_rate_limited(repeated)
            if repeated.arrivals or repeated.end.whole or limited:
                self._last_answer_at = time.monotonic()
                return
            self.stopped = (
                f"the server stopped answering ({exchange.note}), even a request that "
                f"succeeded before ({repeated.note}); see its log"
            )


def _repeat(send: Send, probe: Probe, request: Request) -> Exchange:
    """Send again, with a few attempts while connections are refused."""
    exchange = send(probe, request)
    for _ in range(ATTEMPTS - 1):
        if exchange.end is not End.REFUSED:
            break
        time.sleep(PAUSE)
        exchange = send(probe, request)
    return exchange


def _is_answered_chat(exchange: Exchange) -> bool:
    """Whether a chat was answered; a model list does not need a working engine."""
    answered = exchange.status == HTTPStatus.OK and exchange.end.whole
    return answered and exchange.request.method == "POST"
