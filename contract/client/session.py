"""Session with one server: each probe sent once, concurrently, within an allowance."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from types import TracebackType
from typing import Self

from contract.client import baseline
from contract.client.credentials import KEYS, validate_key
from contract.client.liveness import Liveness
from contract.client.recorder import STOPPED, Recorder
from contract.client.route import DIRECT, Route
from contract.client.spool import Spool, SpoolFull
from contract.client.ssrf_canary import open_canary
from contract.client.throttle import Throttle
from contract.client.timeouts import Limits
from contract.model.address import is_local
from contract.model.exchange import Exchange
from contract.model.probe import CANARY, KeyMode, Probe
from contract.model.profile import Capability, Profile
from contract.model.saved import digest
from contract.model.wire import Request, build_request
from contract.tokens import padding

Tick = Callable[[int, int], None]


class RequestLimitReached(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised instead of sending more than the allowance or the memory permits."""


class TimeIsUp(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised instead of sending what would not end before the session closes."""


class NotAnswering(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised instead of sending to a server that has stopped answering."""


class NotRecorded(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised when the recording of a replayed session does not contain a probe."""


class CanaryUnavailable(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised instead of sending the URL of the SSRF canary to another machine."""


class Session:
    """
    The exchanges with one server; equal probes are sent once and memoised.

    A request that the server rejects to limit the rate is repeated, as `throttle`
    permits; the memo keeps the last answer. `seed` is the seed for checks that explore
    generated requests.
    """

    def __init__(  # noqa: PLR0913  # each is one option of the command line
        self,
        url: str,
        profile: Profile,
        model: str,
        *,
        key: str | None = None,
        key_variable: str = KEYS[0],
        limits: Limits | None = None,
        throttle: Throttle | None = None,
        concurrency: int | None = None,
        allowance: int | None = None,
        saved: Mapping[str, Exchange] | None = None,
        tick: Tick | None = None,
        seed: int | None = None,
        route: Route = DIRECT,
        loose: Iterable[Exchange] = (),
        thorough: bool = False,
    ) -> None:
        """
        Prepare to send, or to replay a recording.

        Args:
            url: Root of the API, without `/v1`.
            profile: The profile of the server.
            model: Name of the model in the requests.
            key: API key to send; `UsageError` if a header cannot hold it.
            key_variable: Environment variable from which a repeated command reads it.
            limits: Bounds of each exchange.
            throttle: Paces the requests where the server limits their rate; without
                one, no request is repeated.
            concurrency: Requests in flight at a time; the profile's by default.
            allowance: Requests after which `send` raises, without those that are
                repeated after a rate limit; the profile's by default.
            saved: Recorded exchanges by digest. If given, the session replays them and
                sends nothing.
            tick: Called after each request, from the thread that sent it, with the
                number of requests sent and the number planned.
            seed: Seed for checks that explore; None for their default.
            route: Further headers of every request, and the proxy.
            loose: Recorded exchanges that no check asks for, such as those of a load
                test; invariants are judged on them, too.
            thorough: Whether the own requests of each check are sent, instead of those
                that it shares with others.
        """
        self.url = url
        self.profile = profile
        self.model = model
        self.concurrency = concurrency or profile.concurrency
        self.allowance = profile.max_requests if allowance is None else allowance
        self.seed = seed
        self.route = route
        # Of a recording, whatever it has is judged by invariants.
        self.thorough = thorough or saved is not None
        self.key_variable = key_variable
        self._key = validate_key(key)
        self._saved = saved
        self._tick = tick
        self._lock = threading.Lock()
        self._memo: dict[Probe, Future[Exchange]] = {}
        self._planned: set[Probe] = set()
        self._notes: dict[str, None] = {}
        self._measured = False
        self._loose = tuple(loose)
        self._spool = Spool()
        self._full = ""
        self._recorder = (
            Recorder(url, limits or Limits(), self._key, route, stamped=True)
            if saved is None
            else None
        )
        self._liveness = Liveness()
        self._throttle = throttle or Throttle()
        self._throttle.widen(self.concurrency)
        self._different = 0
        self._closed = False
        # Moment of `time.monotonic` by which responses must end; None for no bound.
        self._closes_at: float | None = None
        self._closed_because = ""
        # Seconds of each exchange so far, for what a further one is expected to take.
        self._elapsed: list[float] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Abort the exchanges in progress; recorded ones remain available."""
        self._closed = True
        self._throttle.close()
        if self._recorder is not None:
            self._recorder.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the report header on how requests were sent and timed."""
        limited = self._throttle.note
        with self._lock:
            return (*self._notes, *([limited] if limited else []))

    @property
    def sent(self) -> int:
        """Number of requests sent, with those that the throttle repeated."""
        return self._different + self._throttle.repeats

    def close_at(self, moment: float, reason: str) -> None:
        """
        Send nothing that is not expected to end before *moment*, of `time.monotonic`.

        `send` raises `TimeIsUp` with *reason* for it; exchanges so far remain
        available.
        """
        self._closes_at = moment
        self._closed_because = reason

    @property
    def latency(self) -> float:
        """The mean time of an exchange so far, in seconds; 0 before the first."""
        known = tuple(self._elapsed)
        return sum(known) / len(known) if known else 0.0

    def _long(self) -> float:
        """Return the time that nine in ten exchanges so far took at most."""
        known = sorted(self._elapsed)
        return known[len(known) * 9 // 10] if known else 0.0

    def has(self, probe: Probe) -> bool:
        """Return whether *probe* was sent, or is being sent."""
        return probe in self._memo

    @property
    def is_recorded(self) -> bool:
        """Whether exchanges come from a recording, and nothing is sent."""
        return self._saved is not None

    def set_offers(self, offers: frozenset[Capability]) -> None:
        """Replace the capabilities of the profile, once the server has shown them."""
        self.profile = replace(self.profile, offers=offers)

    def measure(self) -> None:
        """Note the loopback baseline; measured once, while nothing else runs."""
        with self._lock:
            wanted = not self._measured and self._recorder is not None
            self._measured = True
        if wanted:
            self._note(baseline.measure_baseline(self.profile))

    def _note(self, text: str) -> None:
        with self._lock:
            self._notes[text] = None

    @property
    def key(self) -> str | None:
        """The API key that is sent, for other clients of the run; never printed."""
        return self._key

    @property
    def planned(self) -> int:
        """Number of different requests that were announced or sent."""
        return len(self._planned)

    def expect(self, probes: Iterable[Probe]) -> None:
        """Announce *probes*, so that progress can show how many requests to expect."""
        with self._lock:
            self._planned.update(probes)

    def send(self, probe: Probe) -> Exchange:
        """
        Return the exchange of *probe*; send it unless an equal probe was sent before.

        Raises `RequestLimitReached`, `TimeIsUp`, `NotAnswering`, `CanaryUnavailable`
        or, in a replay, `NotRecorded`.
        """
        with self._lock:
            future = self._memo.get(probe)
            if mine := future is None:
                self._claim(probe)
                future = self._memo[probe] = Future()
                self._planned.add(probe)
        if mine:
            try:
                future.set_result(self._exchange(probe))
            except BaseException as error:
                with self._lock:
                    del self._memo[probe]
                future.set_exception(error)
                raise
            self._report()
        return future.result()

    def prefetch(self, probes: Iterable[Probe]) -> None:
        """
        Send *probes* now, at most `concurrency` at a time.

        Exceptions are not raised here; `send` raises them again.
        """
        wanted = tuple(dict.fromkeys(probes))
        self.expect(wanted)
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="probe")
        try:
            wait([pool.submit(self.send, probe) for probe in wanted])
        except BaseException:
            # Ctrl-C was pressed: do not wait for threads that are still reading.
            pool.shutdown(wait=False, cancel_futures=True)
            self.close()
            raise
        pool.shutdown()

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return every exchange so far, in the order in which they were requested."""
        with self._lock:
            futures = tuple(self._memo.values())
        # One that could not be sent is forgotten a moment later.
        asked = tuple(
            future.result()
            for future in futures
            if future.done() and future.exception() is None
        )
        return (*asked, *self._loose)

    def _claim(self, probe: Probe) -> None:
        if self._recorder is None:
            return
        if self._closed:
            raise NotAnswering(STOPPED)
        if probe.canary and not is_local(self.url):
            raise CanaryUnavailable(
                "the target is not on this machine, so the SSRF canary cannot be used"
            )
        if self._liveness.stopped:
            raise NotAnswering(self._liveness.stopped)
        if self._full:
            raise RequestLimitReached(self._full)
        if self._closes_at is not None and (
            time.monotonic() + self._long() > self._closes_at
        ):
            raise TimeIsUp(self._closed_because)
        if self._different >= self.allowance:
            raise RequestLimitReached(
                f"the request allowance of {self.allowance} is used up; "
                "raise it with --max-requests"
            )
        self._different += 1

    def _send_with_canary(
        self, recorder: Recorder, probe: Probe, request: Request
    ) -> Exchange:
        """Send a probe that contains the SSRF canary's URL while the canary runs."""
        with open_canary() as canary:
            body = request.body.replace(CANARY.encode(), canary.url.encode())
            exchange = recorder.record(probe, self.profile, replace(request, body=body))
            visits = tuple(canary.visits)
        # The port differs from run to run; a recording must not.
        saved = replace(exchange.request, body=request.body)
        return replace(exchange, request=saved, visits=visits)

    def _exchange(self, probe: Probe) -> Exchange:
        # URLs end up in logs: a key in one must not leave this machine.
        withheld = probe.key is KeyMode.QUERY and not is_local(self.url)
        key = None if withheld else self._key
        request = build_request(self._padded(probe), self.profile, self.model, key)
        if self._recorder is not None:
            return self._send_and_observe(self._recorder, probe, request)
        identity = digest(request, probe)
        if self._saved is None or identity not in self._saved:
            raise NotRecorded(f"not in the recording ({probe.name}, {identity})")
        return replace(self._saved[identity], probe=probe, profile=self.profile)

    def _send_and_observe(
        self, recorder: Recorder, probe: Probe, request: Request
    ) -> Exchange:
        """Send *request* and let the liveness check observe the exchange."""

        def send(probe: Probe, request: Request) -> Exchange:
            return recorder.record(probe, self.profile, request)

        def attempt() -> Exchange:
            if probe.canary:
                return self._send_with_canary(recorder, probe, request)
            return send(probe, request)

        exchange = self._throttle.send(attempt)
        self._liveness.observe(request, exchange, time.monotonic(), send)
        with self._lock:
            self._elapsed.append(exchange.elapsed)
        try:
            return self._spool.kept(exchange)
        except SpoolFull as full:
            self._full = f"{full}, so no more requests are sent"
            raise RequestLimitReached(self._full) from full

    def _padded(self, probe: Probe) -> Probe:
        """
        Return *probe* with its prompt filled to the wanted number of tokens.

        Sends the calibration requests first where the server counts differently than
        Tekken. Raises `Unsizable` if the length cannot be reached.
        """
        if probe.fill is None:
            return probe
        overhead = 0
        if padding.needs_calibration(probe, self.profile):
            short, long = (self.send(one) for one in padding.CALIBRATION_REQUESTS)
            overhead = padding.template_overhead(short, long)
        self._note(padding.counting_method(self.profile, overhead))
        return padding.padded(probe, self.profile, overhead)

    def _report(self) -> None:
        if self._tick is not None:
            with self._lock:
                self._tick(self._different, len(self._planned))
