"""Notices that a provider has stopped answering, so that nothing more waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from contract.model.chat import Probe
from contract.model.exchange import (
    End,
    Exchange,
)
from contract.model.wire import Request

Ask = Callable[[Probe, Request], Exchange]

# A server that is being replaced refuses connections for a moment.
ATTEMPTS = 3
PAUSE = 1.0


class Liveness:
    """
    Asks again what was answered before, whenever a request was left unanswered.

    An engine that dies or hangs leaves a gateway, or a port, in front of it: each of
    hundreds of requests would wait until its own bound. `stopped` says that, and why;
    it is empty for as long as the provider answers.
    """

    def __init__(self) -> None:
        self.stopped = ""
        self._lock = threading.Lock()
        self._answered: tuple[Probe, Request] | None = None
        self._felt = 0.0

    def feel(
        self, request: Request, exchange: Exchange, ended: float, ask: Ask
    ) -> None:
        """
        Learn from *exchange*, which ended at *ended* (seconds of `time.monotonic`).

        *request* is what was sent, with its key, which an exchange does not hold.
        *ask* sends one again; it is called when there is reason to.
        """
        if self._answered is None and _complete(exchange):
            self._answered = exchange.probe, request
        if exchange.end not in {End.TIMEOUT, End.REFUSED}:
            return
        with self._lock:
            if self._answered is None or self.stopped or self._felt > ended:
                return
            asked = _asked(ask, *self._answered)
            if asked.arrivals or asked.end is End.COMPLETE:
                self._felt = time.monotonic()
                return
            self.stopped = (
                f"the provider stopped answering ({exchange.note}), also what it had "
                f"answered before ({asked.note}); see its log"
            )


def _asked(ask: Ask, probe: Probe, request: Request) -> Exchange:
    asked = ask(probe, request)
    for _ in range(ATTEMPTS - 1):
        if asked.end is not End.REFUSED:
            break
        time.sleep(PAUSE)
        asked = ask(probe, request)
    return asked


def _complete(exchange: Exchange) -> bool:
    """Whether it is a chat that was answered: a list of models needs no engine."""
    answered = exchange.status == 200 and exchange.end is End.COMPLETE  # noqa: PLR2004  # OK
    return answered and exchange.request.method == "POST"
