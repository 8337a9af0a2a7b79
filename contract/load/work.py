"""The work of one process: it takes requests off the plan, sends and measures them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from contract.load.measure import LATE, Measure, measure, with_tokens
from contract.load.plan import LoadPlan
from contract.load.sampling import Samples
from contract.load.scenario import Drawn
from contract.load.totals import UNFINISHED, Totals
from contract.model.chat import PieceKind
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.model.response_kind import ResponseKind
from contract.model.wire import Request, build_request
from contract.tokens import tekken

Record = Callable[[Probe, Profile, Request], Exchange]
# Requests in a row without a response after which the target counts as gone, and the
# seconds that this must last: a restart behind a balancer is shorter.
LOST_AFTER = 20
LOST_SECONDS = 2.0
GONE = "the target stopped answering"
_MOST_UNCOUNTED = 32 * 2**20  # characters of replies without usage


class Work:
    """
    What one of *count* processes sends; safe to use from threads and greenlets.

    `turn` is called by each user in a loop. Usage::

        work = Work(plan, recorder.record, index=0, count=1)
        while work.turn():
            pass
        totals = work.finish()
    """

    def __init__(  # noqa: PLR0913  # each is a part of the process
        self,
        plan: LoadPlan,
        record: Record,
        *,
        key: str | None = None,
        index: int = 0,
        count: int = 1,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], object] = time.sleep,
        tell: Callable[[Measure, Exchange], object] = lambda *_: None,
    ) -> None:
        """
        Send nothing yet.

        Args:
            plan: The whole run.
            record: Sends one request and returns its exchange.
            key: The API key.
            index: The number of this process, from 0; it takes every *count*-th one.
            count: The number of processes.
            clock: Returns seconds.
            sleep: Waits for a number of seconds.
            tell: Called with each measure and its exchange.
        """
        self.plan = plan
        self.totals = Totals()
        self.samples = Samples(plan.seed)
        # Why it ended early; empty if it did not.
        self.trouble = ""
        # The seconds by which this process itself began requests late.
        self.lags: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.began: float | None = None
        self._record = record
        self._key = key
        self._clock = clock
        self._sleep = sleep
        self._tell = tell
        self._lock = threading.Lock()
        self._places = self._planned(index, count)
        self._stopped = False
        self._exhausted = False
        self._turning = 0
        self._silent = 0
        self._heard = 0.0
        self._uncounted: list[tuple[Measure, str]] = []
        self._uncounted_size = 0

    @property
    def length(self) -> float:
        """The seconds in which requests are begun."""
        return self.plan.warm_up + self.plan.duration

    @property
    def done(self) -> bool:
        """Whether nothing is left to send, and no user is in the middle of a turn."""
        return (self._exhausted or self._stopped) and not self._turning

    def stop(self, why: str = "") -> None:
        """Begin no more requests, because of *why*."""
        self.trouble = self.trouble or why
        self._stopped = True

    def _planned(self, index: int, count: int) -> Iterator[tuple[int, float | None]]:
        """Yield the number of each request, and when it is due, of an open model."""
        if self.plan.open:
            for number in range(index, len(self.plan.schedule), count):
                yield number, self.plan.schedule[number]
        else:
            for number in range(index, self.plan.most, count):
                yield number, None

    def _elapsed(self) -> float:
        if self.began is None:
            self.began = self._heard = self._clock()
        return self._clock() - self.began

    def turn(self) -> bool:
        """
        Take the next request, wait until it is due, send and measure it.

        Return whether there may be another one. In an open model the reply's times
        count from when the request was due, however long all users were busy.
        """
        with self._lock:
            now = self._elapsed()
            over = not self.plan.open and now >= self.length
            place = None if self._stopped or over else next(self._places, None)
            if place is None:
                self._exhausted = True
                return False
            self._turning += 1
        try:
            return self._take(*place, now)
        finally:
            with self._lock:
                self._turning -= 1

    def _take(self, number: int, due: float | None, now: float) -> bool:
        """Send the request *number* when it is *due*; return as `turn` does."""
        if due is not None and due > now:
            self._sleep(due - now)
            self.lags.append(max(self._elapsed() - due, 0.0))
        if self._stopped:
            with self._lock:
                self.totals.unsent += due is not None
            return False
        self._send(number, due, late=due is not None and now > due + LATE)
        if self.plan.pause and not self.plan.open:
            self._sleep(self.plan.pause)
        return not self._stopped

    def _send(self, number: int, due: float | None, *, late: bool) -> None:
        plan = self.plan
        drawn = plan.scenario.draw(number, plan.seed, same=plan.same)
        request = build_request(drawn.probe, plan.profile, plan.model, self._key)
        started = self._elapsed()
        intended = started if due is None else due
        with self._lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        finished = False
        try:
            exchange = self._record(drawn.probe, plan.profile, request)
            found = measure(
                drawn,
                exchange,
                seed=plan.seed,
                measured=intended >= plan.warm_up,
                intended=intended,
                started=started,
                late=late,
                same=plan.same,
            )
            finished = True
        finally:
            with self._lock:
                self.in_flight -= 1
                if not finished:
                    self._abandon(drawn, intended, started)
        self._keep(found, exchange)

    def _abandon(self, drawn: Drawn, intended: float, started: float) -> None:
        """Count a request whose user was ended before its reply was complete."""
        now = self._elapsed()
        measured = intended >= self.plan.warm_up
        self.totals.add(
            Measure(
                number=drawn.number,
                chat=drawn.chat.name,
                measured=measured,
                intended=intended,
                ended=now,
                start_delay=started - intended,
                kind=UNFINISHED,
                figures={},
            )
        )

    def _keep(self, found: Measure, exchange: Exchange) -> None:
        answered = found.kind == ResponseKind.ANSWERED
        if answered and found.tokens is None and self._later(found, exchange):
            pass
        else:
            with self._lock:
                self.totals.add(found)
        kept = self.samples.offer(found, exchange)
        self._tell(found, exchange)
        if not kept:
            exchange.release()
        self._watch(found.kind)

    def _later(self, found: Measure, exchange: Exchange) -> bool:
        """Keep the texts of a reply without usage, to count their tokens at the end."""
        text = exchange.reasoning + exchange.answer
        text += "".join(exchange.texts_of(PieceKind.TOOL).values())
        if self._uncounted_size + len(text) > _MOST_UNCOUNTED:
            return False
        self._uncounted_size += len(text)
        self._uncounted.append((found, text))
        return True

    def _watch(self, kind: str) -> None:
        """Stop the run once the target does not respond any more."""
        if kind != ResponseKind.NO_RESPONSE:
            self._silent, self._heard = 0, self._clock()
            return
        self._silent += 1
        if (
            self._silent >= LOST_AFTER
            and self._clock() - self._heard >= LOST_SECONDS
            and not self._stopped
        ):
            at = self._heard - (self.began or 0.0)
            self.stop(f"{GONE} {at:.1f} s after the start, so the run ended early")

    def finish(self) -> Totals:
        """
        Return the totals, with the tokens of replies without usage counted by Tekken.

        Requests of the schedule that are left count as not sent.
        """
        for found, text in self._uncounted:
            tokens = tekken.count_text(text)
            self.totals.add(with_tokens(found, tokens, self.plan.profile.budget))
        self._uncounted.clear()
        if self.plan.open:
            self.totals.unsent += sum(1 for _ in self._places)
        return self.totals
