"""Collecting: the replies of one endpoint, its own noise first, as a fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from contract._version import __version__
from contract.client.session import Session
from contract.detection.denied import access_denied_reason
from contract.detection.detect import redirect_reason, unreachable_reason
from contract.errors import TargetError, UsageError
from contract.identity import prompts
from contract.identity.fingerprint import Fingerprint
from contract.identity.observations import Reading, read
from contract.identity.prompts import ASKED, LARGE, LOOK, OPEN, SMALL, UNASKED, Plan
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability

MOST_TOKENS = 60
"""Output tokens of a run where no other number is given."""
LONG = 6_000
"""Words of the long prompt: more than the 4,096 tokens that some servers cut to."""
CONCURRENCY = 8
"""Requests at a time in the second pass, which shows the noise of batches."""
_TOP = (20, 5)  # alternatives to ask for; the most that servers give by default
# A window may also hold what the template adds and what is generated.
_SHARE_OF_WINDOW = 0.75
# The likeliest token has at least this log probability in nats: it is always the same.
_CERTAIN = -0.001
# Numbers of one round: more than a plan has samples.
_ROUND = 100_000
_TRIED = ("colour", "animal")


class Collector:
    """
    Asks one endpoint, and keeps what it replies.

    Usage: `Collector(session, window=8_192).collect(most=60, long=6_000)`.
    """

    def __init__(
        self,
        session: Session,
        *,
        window: int | None = None,
        target: str = "",
        why: str = "",
    ) -> None:
        """
        Send nothing yet.

        Args:
            session: Sends the requests; its allowance bounds them.
            window: Context window that the endpoint states, in tokens.
            target: The endpoint as a target, with its key masked.
            why: Why its profile was chosen.
        """
        self._session = session
        self._window = window
        self._target = target
        self._why = why
        self._readings: dict[str, list[Reading]] = {}
        # A session sends equal requests once: another round has other numbers.
        self._round = 0

    def collect(
        self, *, most: int = MOST_TOKENS, long: int = LONG, like: Plan | None = None
    ) -> Fingerprint:
        """
        Return the fingerprint of the endpoint.

        Args:
            most: Output tokens of all replies together.
            long: Words of the long prompt; 0 sends none. It is shortened to fit into
                the context window.
            like: The plan of the fingerprint that it will be compared with; it is
                followed where the endpoint permits it.

        Raises `TargetError` if the endpoint does not answer.
        """
        offers = self._session.profile.offers
        if like is None:
            top, certain = self._tried()
            wanted = prompts.plan(
                most,
                top=top,
                images=Capability.VISION in offers,
                prefix={Capability.PREFIX, Capability.REASONING} <= offers,
                long=self._fitting(long),
                certain=certain,
            )
        else:
            if like.cost > most:
                raise UsageError(
                    f"The fingerprint takes up to {like.cost} output tokens, more than "
                    f"--max-tokens {most}; raise it, or record one with fewer."
                )
            wanted = replace(like, top=self._top(like.top) if like.top else 0)
        self._ask(wanted)
        profile = self._session.profile
        return Fingerprint(
            target=self._target,
            profile=profile.id,
            why=self._why,
            model=self._session.model,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            plan=wanted,
            window=self._window,
            readings={name: tuple(many) for name, many in self._readings.items()},
        )

    def again(self) -> Collector:
        """Return a collector of the same endpoint that asks everything anew."""
        other = Collector(
            self._session, window=self._window, target=self._target, why=self._why
        )
        other._round = self._round = self._round + 1
        return other

    def _fitting(self, long: int) -> int:
        room = self._window or self._session.profile.context_window
        return min(long, int(room * _SHARE_OF_WINDOW))

    def _ask(self, wanted: Plan) -> None:
        """
        Send the requests of *wanted*: alone, at a time, single ones, alone again.

        Each that is sent alone is sent twice in a row, so that the second reply is
        computed in the same steps on each run, whatever was cached before. Some are
        streamed: a gateway may treat streams in another way.
        """
        for name in wanted.prompts:
            self._alone(self._after_the_first(name, wanted, 0, 0))
        self._at_once(
            replace(prompts.probe(name, wanted, 1), stream=number % 2 == 1)
            for number, name in enumerate(wanted.prompts)
        )
        half = wanted.samples // 2
        self._alone(
            prompts.sample(name, wanted, n) for name in OPEN for n in range(half)
        )
        self._at_once(
            prompts.sample(name, wanted, n)
            for name in OPEN
            for n in range(half, wanted.samples)
        )
        for name in (ASKED, UNASKED) if wanted.thinking else ():
            self._alone([prompts.thinking(name, wanted, 0)])
            self._alone([replace(prompts.thinking(name, wanted, 1), stream=True)])
        if wanted.images:
            self._alone(prompts.image(name, wanted) for name in (LOOK, SMALL, LARGE))
            self._alone([replace(prompts.image(LARGE, wanted), stream=True)])
        if wanted.long:
            self._alone([prompts.long(wanted)])
        for name in wanted.last:
            self._alone(self._after_the_first(name, wanted, 1, 2))

    @staticmethod
    def _after_the_first(
        name: str, wanted: Plan, first: int, number: int
    ) -> Iterator[Probe]:
        """Yield a request; before it, if log probabilities count, one for one token."""
        if wanted.top:
            yield prompts.first(name, wanted, first)
        yield prompts.probe(name, wanted, number)

    def _tried(self) -> tuple[int, bool]:
        """Return the alternatives that are given, and whether a first token is sure."""
        top = self._top(_TOP[0])
        if not top:
            return 0, False
        trial = Plan(prompts=_TRIED, top=top)
        found = [self._send(prompts.probe(name, trial, 0)) for name in _TRIED]
        steps = [read(one).steps for one in found]
        certain = [max(s[0].top.values()) > _CERTAIN for s in steps if s]
        return top, bool(certain) and all(certain)

    def _top(self, most: int) -> int:
        """Return how many alternatives the endpoint gives, up to *most*; 0 for none."""
        for top in (most, *(one for one in _TOP if one < most)):
            trial = prompts.probe(_TRIED[0], Plan(prompts=_TRIED, top=top), 0)
            reading = read(self._send(trial))
            if reading.ok:
                return top if reading.steps else 0
        return 0

    def _alone(self, probes: Iterable[Probe]) -> None:
        for probe in probes:
            self._keep(probe, self._send(probe))

    def _at_once(self, probes: Iterable[Probe]) -> None:
        wanted = tuple(probes)
        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="identity") as pool:
            try:
                found = list(pool.map(self._send, wanted))
            except BaseException:
                self._session.close()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        for probe, exchange in zip(wanted, found, strict=True):
            self._keep(probe, exchange)

    def _numbered(self, probe: Probe) -> Probe:
        return replace(probe, sample=probe.sample + _ROUND * self._round)

    def _keep(self, probe: Probe, exchange: Exchange) -> None:
        self._readings.setdefault(probe.name, []).append(read(exchange))

    def _send(self, probe: Probe) -> Exchange:
        """Return the exchange; raise `TargetError` if there is no use in going on."""
        session = self._session
        exchange = session.send(self._numbered(probe))
        problem = unreachable_reason(exchange, session.url) or access_denied_reason(
            exchange,
            session.url,
            key=session.key is not None,
            variable=session.key_variable,
            route=session.route,
        )
        problem = problem or redirect_reason(exchange, session.url)
        if problem:
            raise TargetError(problem)
        if exchange.status == HTTPStatus.NOT_FOUND:
            raise TargetError(
                f"{session.url} does not serve {exchange.request.path} with the model "
                f"{session.model} (404, {read(exchange).error}). Check the URL, or "
                "name a model with --model."
            )
        return exchange
