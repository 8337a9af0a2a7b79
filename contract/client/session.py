"""Sends each probe once, within an allowance, several at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from types import TracebackType
from typing import Self

from contract.client import baseline
from contract.client.credentials import validate_key
from contract.client.liveness import Liveness
from contract.client.recorder import Recorder
from contract.client.ssrf_canary import open_canary
from contract.client.timeouts import Limits
from contract.model.address import is_local
from contract.model.chat import (
    CANARY,
    KeyMode,
    Probe,
)
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.model.saved import digest
from contract.model.wire import (
    Request,
    build_request,
)
from contract.tokens import padding

Tick = Callable[[int, int], None]


class RequestLimitReached(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised instead of sending one request more than allowed; the words say so."""


class NotAnswering(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised instead of waiting for a provider that stopped answering."""


class NotRecorded(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised when a replayed session has no saved exchange for a probe."""


class CanaryUnavailable(Exception):  # noqa: N818  # a state of the session, not an error
    """Raised instead of sending a canary's address to another machine."""


class Session:
    """
    The exchanges with one provider: equal probes are sent once and remembered.

    *url* is the root (without `/v1`), *allowance* the number of requests after which
    nothing is sent any more (by default the profile's). With *saved*, exchanges by
    digest, nothing is ever sent. *tick* is told how many requests were sent and how
    many are planned, from whichever thread sent one.
    """

    def __init__(  # noqa: PLR0913  # each is one knob of the command line
        self,
        url: str,
        profile: Profile,
        model: str,
        *,
        key: str | None = None,
        limits: Limits | None = None,
        concurrency: int | None = None,
        allowance: int | None = None,
        saved: Mapping[str, Exchange] | None = None,
        tick: Tick | None = None,
        seed: int | None = None,
    ) -> None:
        self.url = url
        self.profile = profile
        self.model = model
        self.concurrency = concurrency or profile.concurrency
        self.allowance = profile.max_requests if allowance is None else allowance
        self.sent = 0
        self.seed = seed
        self._key = validate_key(key)
        self._saved = saved
        self._tick = tick
        self._lock = threading.Lock()
        self._memo: dict[Probe, Future[Exchange]] = {}
        self._known: set[Probe] = set()
        self._notes: dict[str, None] = {}
        self._measured = False
        self._recorder = (
            Recorder(url, limits or Limits(), self._key) if saved is None else None
        )
        self._pulse = Liveness()

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
        """Break off what is on its way; what was recorded stays."""
        if self._recorder is not None:
            self._recorder.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report should say about how things were sent and timed."""
        with self._lock:
            return tuple(self._notes)

    def measure(self) -> None:
        """Note this machine's own share of a latency, once and while nothing runs."""
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
        """The API key that is sent, for who else must know it; never to be shown."""
        return self._key

    @property
    def planned(self) -> int:
        """How many different requests were announced or sent."""
        return len(self._known)

    def expect(self, probes: Iterable[Probe]) -> None:
        """Announce *probes*, so that progress can say how many there will be."""
        with self._lock:
            self._known.update(probes)

    def send(self, probe: Probe) -> Exchange:
        """The exchange of *probe*, sent now unless an equal one was sent before."""
        with self._lock:
            future = self._memo.get(probe)
            if mine := future is None:
                self._claim(probe)
                future = self._memo[probe] = Future()
                self._known.add(probe)
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
        Send *probes* now, as many at a time as `concurrency` allows.

        What goes wrong is left for `send`, which meets it again.
        """
        wanted = tuple(dict.fromkeys(probes))
        self.expect(wanted)
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="probe")
        try:
            wait([pool.submit(self.send, probe) for probe in wanted])
        except BaseException:
            # The user pressed Ctrl-C: threads that still read would keep us waiting.
            pool.shutdown(wait=False, cancel_futures=True)
            self.close()
            raise
        pool.shutdown()

    def exchanges(self) -> tuple[Exchange, ...]:
        """Every exchange so far, in the order of asking."""
        with self._lock:
            futures = tuple(self._memo.values())
        return tuple(future.result() for future in futures if future.done())

    def _claim(self, probe: Probe) -> None:
        if self._recorder is None:
            return
        if probe.canary and not is_local(self.url):
            raise CanaryUnavailable(
                "the target is not on this machine, so it sees no canary"
            )
        if self._pulse.stopped:
            raise NotAnswering(self._pulse.stopped)
        if self.sent >= self.allowance:
            raise RequestLimitReached(
                f"the request allowance of {self.allowance} is used up; "
                "raise it with --max-requests"
            )
        self.sent += 1

    def _watched(self, recorder: Recorder, probe: Probe, request: Request) -> Exchange:
        """The exchange of a probe that names a canary, which lives as long as it."""
        with open_canary() as opened:
            body = request.body.replace(CANARY.encode(), opened.url.encode())
            seen = recorder.record(probe, self.profile, replace(request, body=body))
            visits = tuple(opened.visits)
        # The port differs from run to run; a recording must not.
        saved = replace(seen.request, body=request.body)
        return replace(seen, request=saved, visits=visits)

    def _exchange(self, probe: Probe) -> Exchange:
        # Addresses end in logs: a key in one must not leave this machine.
        hidden = probe.key is KeyMode.QUERY and not is_local(self.url)
        key = None if hidden else self._key
        request = build_request(self._sized(probe), self.profile, self.model, key)
        if self._recorder is not None:
            return self._felt(self._recorder, probe, request)
        identity = digest(request, probe)
        if self._saved is None or identity not in self._saved:
            raise NotRecorded(f"not in the recording ({probe.name}, {identity})")
        return replace(self._saved[identity], probe=probe, profile=self.profile)

    def _felt(self, recorder: Recorder, probe: Probe, request: Request) -> Exchange:
        """The exchange of a probe; when it got no answer, whether any other would."""

        def ask(probe: Probe, request: Request) -> Exchange:
            return recorder.record(probe, self.profile, request)

        sent = self._watched(recorder, probe, request) if probe.canary else None
        exchange = sent or ask(probe, request)
        self._pulse.feel(request, exchange, time.monotonic(), ask)
        return exchange

    def _sized(self, probe: Probe) -> Probe:
        """*probe* as long as it wants to be; `Unsizable` when it cannot be."""
        if probe.fill is None:
            return probe
        more = 0
        if padding.needs_calibration(probe, self.profile):
            short, long = (self.send(one) for one in padding.CALIBRATION_REQUESTS)
            more = padding.template_overhead(short, long)
        self._note(padding.counting_method(self.profile, more))
        return padding.padded(probe, self.profile, more)

    def _report(self) -> None:
        if self._tick is not None:
            with self._lock:
                self._tick(self.sent, len(self._known))
