"""Throttle: paces the requests to a server that limits their rate."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.client.retry_after import is_rate_limited, retry_after
from contract.errors import UsageError
from contract.model.exchange import Exchange

LONGEST_BUDGET = 86_400.0  # seconds; a day
# Of one request. A limit that is not over by then is not one of the rate, or the
# request is meant to be rejected and the server uses the wrong status.
MOST_REPEATS = 6
# Share of the budget for all repeats of one request after its first.
MOST_OF_BUDGET = 0.5
# Seconds until the first repeat where the server does not say; doubled for each next.
BACKOFF = 0.5
# Requests in a row that were repeated in vain before the others are repeated only
# once: they would spend the budget on answers that do not change.
MOST_IN_VAIN = 2
# Answered requests after which one more may be in flight again.
RECOVERY = 20
# Of what a run would have needed by its pace until the budget was used up.
MARGIN = 1.25


@dataclass
class _Request:
    """One request with its repeats."""

    # The number of the request; older ones go first.
    number: int
    # Not to be sent before, in seconds of `time.monotonic`.
    due: float = 0.0
    repeats: int = 0
    # Seconds that it waited between its repeats.
    waited: float = 0.0
    # The number of halvings when it was last sent.
    halvings: int = 0


class Throttle:
    """
    Repeats requests that a rate limit rejected, within a budget of seconds for a run.

    Threads that wait at the same time spend the budget once. A moment that the server
    names with Retry-After holds back all requests. Each time that a limit is met,
    half as many requests may be in flight, and slowly more again while it is not.
    `repeats` is the number of requests that were repeated, `seconds` what was waited,
    and `limited` the number of requests whose last answer was a rate limit.
    """

    def __init__(self, budget: float = 0.0) -> None:
        """
        Wait for nothing yet.

        Args:
            budget: Seconds to wait for in all; 0 repeats and paces nothing.
                `UsageError` if it is negative, or a day or more.
        """
        if not 0 <= budget < LONGEST_BUDGET:
            raise UsageError(
                f"The retry budget must be 0 or more seconds and less than a day, "
                f"not {budget!r}."
            )
        self.repeats = 0
        self.seconds = 0.0
        self.limited = 0
        self._budget = budget
        # Taken by itself: an interrupt may leave a condition taken, never a plain lock.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closed = False
        self._numbers = itertools.count()
        self._waiting: list[_Request] = []
        self._in_flight = 0
        # Requests that may be in flight now, and without a limit.
        self._width = self._full_width = 1
        self._answered_in_width = 0
        # A request that was sent before the last halving calls for no other.
        self._halvings = 0
        # Until when all requests are held back, and the end of the last wait that was
        # charged to the budget, in seconds of `time.monotonic`.
        self._held_until = self._charged_until = 0.0
        self._answered = 0
        # Requests that were repeated in vain since one was not, and how many had been
        # answered before the last of them.
        self._in_vain = self._answered_before = 0
        # Whether Retry-After named a wait, for each wait.
        self._named: set[bool] = set()
        # Seconds that the run would have needed; 0 while the budget suffices.
        self._needed = 0.0
        self._answered_in_budget = 0

    def widen(self, concurrency: int) -> None:
        """Allow *concurrency* requests in flight."""
        with self._lock:
            self._width = self._full_width = concurrency
            self._changed.notify_all()

    def close(self) -> None:
        """Wait no longer; every thread returns its last exchange."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()

    @property
    def note(self) -> str:
        """What was waited for, as a note for the report; empty without a limit."""
        with self._lock:
            if not self.repeats and not self.limited:
                return ""
            text = "the server limited the rate: "
            if self.repeats:
                names = {True: "Retry-After", False: "backoff"}
                how = " and ".join(names[n] for n in (True, False) if n in self._named)
                text += f"{_requests(self.repeats, 'repeated')}, "
                text += f"{self.seconds:.1f} s waited ({how}); "
            if not self.limited:
                return text.removesuffix("; ")
            text += f"{_requests(self.limited, 'not answered')}"
            if not self._budget:
                return f"{text}, because --retry-budget is 0"
            if not self._needed:
                return f"{text}, however often repeated"
            return (
                f"{text}, because --retry-budget {self._budget:g}s did not suffice; "
                f"about {self._estimate():.0f}s are needed"
            )

    def send(self, attempt: Callable[[], Exchange]) -> Exchange:
        """
        Return the result of *attempt*, called again after each rate limit.

        Only the last result is returned: its times do not include those before it.
        """
        request = _Request(next(self._numbers))
        self._enter(request)
        exchange = self._attempt(request, attempt)
        while is_rate_limited(exchange) and self._repeats(request, exchange):
            if not self._enter(request):
                break
            exchange = self._attempt(request, attempt)
        with self._lock:
            if is_rate_limited(exchange):
                self.limited += 1
                if self._answered and not self._needed:
                    exchange = replace(exchange, repeats=request.repeats)
            else:
                self._answer(request)
        return exchange

    def _enter(self, request: _Request) -> bool:
        """Wait until *request* may be sent; return whether the throttle is open."""
        with self._lock:
            self._waiting.append(request)
            try:
                while (pause := self._pause(request)) != 0.0:
                    self._changed.wait(pause)
            finally:
                self._waiting.remove(request)
                self._changed.notify_all()
            self._in_flight += 1
            request.halvings = self._halvings
            return not self._closed

    def _attempt(self, request: _Request, attempt: Callable[[], Exchange]) -> Exchange:
        with self._lock:
            self.repeats += request.repeats > 0
        try:
            return attempt()
        finally:
            with self._lock:
                self._in_flight -= 1
                self._changed.notify_all()

    def _pause(self, request: _Request) -> float | None:
        """Return the seconds until *request* may be sent; None: until a change."""
        now = time.monotonic()
        if self._closed or not self._budget:
            return 0.0
        if now < (due := max(request.due, self._held_until)):
            return due - now
        first = min(one.number for one in self._waiting if one.due <= now)
        may = self._in_flight < self._width and request.number == first
        return 0.0 if may else None

    def _repeats(self, request: _Request, exchange: Exchange) -> bool:
        """Return whether to repeat *request* after a rate limit, and plan when."""
        named = retry_after(exchange) or 0.0
        wait = named or BACKOFF * 2**request.repeats
        with self._lock:
            if request.halvings == self._halvings:
                self._halvings += 1
                self._width = max(1, self._width // 2)
                self._answered_in_width = 0
            now = time.monotonic()
            due = now + wait
            cost = max(0.0, due - max(now, self._charged_until))
            if not self._budget or self._closed:
                return False
            share = MOST_OF_BUDGET if request.repeats else 1.0
            least = (request.waited + wait) / share
            too_long = least > self._budget
            if self._is_in_vain(request, too_long=too_long and not named):
                return False
            if self.seconds + cost > self._budget or too_long:
                self._exceed(max(self.seconds + cost, least))
                return False
            self.seconds += cost
            self._charged_until = max(self._charged_until, due)
            self._named.add(bool(named))
            if named:
                self._held_until = max(self._held_until, due)
            request.due = due
            request.waited += wait
            request.repeats += 1
            return True

    def _is_in_vain(self, request: _Request, *, too_long: bool) -> bool:
        most = MOST_REPEATS
        if self._in_vain >= MOST_IN_VAIN:
            # Unless others are answered, the server rejects whatever is sent.
            most = int(self._answered > self._answered_before)
        if request.repeats < most and not (too_long and request.repeats):
            return False
        self._in_vain += 1
        self._answered_before = self._answered
        return True

    def _exceed(self, needed: float) -> None:
        if not self._needed:
            self._answered_in_budget = self._answered
        self._needed = max(self._needed, needed)

    def _estimate(self) -> float:
        """Return the budget for all requests, by the pace until it was used up."""
        all_requests = self._answered + self.limited
        share = max(1, self._answered_in_budget) / max(1, all_requests)
        return math.ceil(max(self._needed, self.seconds / share) * MARGIN / 10) * 10

    def _answer(self, request: _Request) -> None:
        self._answered += 1
        if request.repeats:
            self._in_vain = 0
        self._answered_in_width += 1
        if self._answered_in_width >= RECOVERY and self._width < self._full_width:
            self._answered_in_width = 0
            self._width += 1
            self._changed.notify_all()


def _requests(number: int, what: str) -> str:
    return f"{number} request{' was' if number == 1 else 's were'} {what}"
