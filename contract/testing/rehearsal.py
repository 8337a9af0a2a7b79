"""
A session without a network: the mock's replies on a virtual clock.

A check, its probes and its fault are values, and so are the mock's replies. So a
check can be judged on any dialect in milliseconds, with no socket and no sleep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import Generic, TypeVar, cast

from contract.catalog import profiles
from contract.client.credentials import KEYS
from contract.client.route import DIRECT
from contract.client.session import Session
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import EPOCH, MockProvider
from contract.model.check import Check, Fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Budget, Capability, Profile
from contract.model.reply import Reply
from contract.model.reply import rehearse as perform
from contract.model.wire import Request, build_request
from contract.run.explore import smallest
from contract.run.plan import fitted
from contract.run.report import Outcome, Result
from contract.run.runner import judge_check
from contract.tokens.padding import padded

KEY = "sk-of-a-rehearsal-alone"
# Tokens: enough for every prompt of a fixed length, few enough to be filled quickly.
WINDOW = 49_152
# Seconds (tokens a second for the rate): a second more than the mock needs.
BUDGET = Budget(
    ttft=1.4,
    ttfo=3.0,
    icl_p95=0.1,
    icl_max=1.0,
    tpot=0.1,
    e2e=4.0,
    tokens_per_second=5.0,
    ttft_per_1k=0.05,
    reject=1.0,
)
# Slow enough that a stream differs from a whole response.
LATENCY = LatencyPlan(ttft=0.4, icl=0.03)
# Frames that are kept of a stream whose probe hangs up; none reads as many.
UNREAD = 100
# Requests that are drawn of a property: enough to meet what its fault is about.
DRAWN = 12

Change = Callable[[Reply], Reply]
T = TypeVar("T")


class Rehearsal:
    """
    What a `contract.client.session.Session` is to the runner, without a network.

    *profile* is what the replies are judged as. *change* is applied to the replies of
    *base*, another rehearsal of the same profile; without both, the replies are those
    of the profile's own mock. Equal probes get the very same exchange.

    Usage: `judge_check(check, Rehearsal(profile), "rehearsal", slow=True)`; most
    tests use `rehearse` instead.
    """

    def __init__(
        self,
        profile: Profile,
        base: Rehearsal | None = None,
        change: Change | None = None,
    ) -> None:
        self.profile = profile
        self.is_recorded = False
        self.thorough = True
        self.seed: int | None = None
        self.key: str | None = KEY
        self.key_variable = KEYS[0]
        self.url = "http://127.0.0.1"
        self.route = DIRECT
        self._base = base
        self._change = change
        self._known: dict[int, tuple[Reply, Exchange]] = {}

    def combining(self) -> Rehearsal:
        """The same rehearsal, where combined requests come before those of a check."""
        other = copy(self)
        other.thorough = False
        return other

    def send(self, probe: Probe) -> Exchange:
        """The exchange of *probe*; that of the base where the change does nothing."""
        return self._both(probe)[1]

    def exchanges(self) -> tuple[Exchange, ...]:
        """No other exchanges: an invariant is judged on its own probes only."""
        return ()

    def reply(self, probe: Probe) -> Reply:
        """The reply to *probe* as the mock means to send it."""
        return self._both(probe)[0]

    def touched(self, probes: Mapping[int, Probe]) -> frozenset[int]:
        """The numbers of those of *probes* whose replies the change alters."""
        base = self._base
        if base is None:
            return frozenset()
        return frozenset(
            number
            for number, probe in probes.items()
            if self.send(probe) is not base.send(probe)
        )

    @cached_property
    def _mock(self) -> MockProvider:
        """The mock that keeps the promises of the profile."""
        return MockProvider(
            self.profile.dialect,
            models=(_model(self.profile),),
            context_window=self.profile.context_window,
            api_key=KEY if Capability.KEY_REQUIRED in self.profile.offers else None,
            plan=LATENCY,
        )

    def _both(self, probe: Probe) -> tuple[Reply, Exchange]:
        number = _NUMBERS.of(probe)
        if number not in self._known:
            self._known[number] = self._rehearsed(probe)
        return self._known[number]

    def _rehearsed(self, probe: Probe) -> tuple[Reply, Exchange]:
        if self._base is None or self._change is None:
            fitted = padded(probe, self.profile)
            request = build_request(fitted, self.profile, _model(self.profile), KEY)
            reply = self._mock.reply(request, _serial(fitted, request))
            if probe.hang_up_after is not None:  # the rest is never read
                reply = reply.with_frames(reply.frames[:UNREAD])
            return reply, perform(reply, probe, self.profile, sent_at=EPOCH)
        before = self._base.reply(probe)
        reply = self._change(before)
        if reply == before:
            return before, self._base.send(probe)
        return reply, perform(reply, probe, self.profile, sent_at=EPOCH)


class _Numbers:
    """
    A number for each request: equal probes share one.

    Hashing a probe costs more than rehearsing it, so each object is hashed once.
    """

    def __init__(self) -> None:
        self._by_object: dict[int, tuple[Probe, int]] = {}
        self._by_value: dict[Probe, int] = {}

    def of(self, probe: Probe) -> int:
        known = self._by_object.get(id(probe))
        if known is None or known[0] is not probe:
            number = self._by_value.setdefault(probe, len(self._by_value))
            # The probe is kept with its number, so that its id is not given away.
            known = self._by_object[id(probe)] = (probe, number)
        return known[1]

    def share(self, probe: Probe, like: Probe) -> None:
        """Give *probe* the number, and so the exchange, of *like*."""
        self._by_object[id(probe)] = (probe, self.of(like))


_NUMBERS = _Numbers()


def _serial(probe: Probe, request: Request) -> int:
    """
    The number of the reply for the mock, on which its id and its samples depend.

    It is the same whatever was rehearsed before, so that texts with ids are too.
    """
    seed = f"{probe.name}:{probe.sample}:".encode() + request.body
    return int.from_bytes(hashlib.blake2b(seed, digest_size=6).digest(), "big")


def number(probe: Probe) -> int:
    """The number of the request *probe* among those rehearsed; equal ones share it."""
    return _NUMBERS.of(probe)


def _share_samples(check: Check) -> None:
    """On the virtual clock every sample of a latency is the same."""
    if check.family == "latency":
        for probe in check.sends:
            _NUMBERS.share(probe, replace(probe, sample=0))


def _model(profile: Profile) -> str:
    return profile.model or "magistral-small-2509"


@cache
def clean(name: str) -> Rehearsal:
    """
    The rehearsal of the built-in profile *name*, without waivers and with budgets.

    The window is the same in every profile, so that long prompts are filled once.
    """
    profile = profiles.named(name)
    return Rehearsal(replace(profile, waivers={}, context_window=WINDOW, budget=BUDGET))


def changed(name: str, change: Change) -> Rehearsal:
    """The rehearsal of the profile *name* whose every reply goes through *change*."""
    return Rehearsal(clean(name).profile, clean(name), change)


def rehearse(
    check: Check,
    dialect: str = "mistral",
    fault: Fault | None = None,
    change: Change | None = None,
) -> Result:
    """
    The result of *check* on the mock of *dialect* (a profile's id or alias).

    *fault*, then *change* (a function from a reply to a reply) are applied to every
    reply. Slow checks are judged too, budgets are set, waivers do not apply.

    Usage::

        assert rehearse(my_check, "vllm").outcome is Outcome.PASS
        assert rehearse(my_check, "vllm", fault=my_fault).outcome is Outcome.FAIL

    Raises `UsageError` for a dialect that is not installed.
    """
    name = profiles.named(dialect).id
    steps = [step for step in (fault.apply if fault else None, change) if step]
    if not steps:
        return judge(check, clean(name))

    def together(reply: Reply) -> Reply:
        for step in steps:
            reply = step(reply)
        return reply

    return judge(check, changed(name, together))


def reply_to(probe: Probe, dialect: str = "mistral") -> Reply:
    """
    The mock's reply to *probe* in *dialect*, for tests of functions on replies.

    Usage: `assert my_fault.apply(reply_to(SUM)) != reply_to(SUM)`.
    """
    return clean(profiles.named(dialect).id).reply(probe)


def judge(check: Check, rehearsal: Rehearsal, *, combined: bool = False) -> Result:
    """
    The result of *check* on *rehearsal*; of a property, the first that fails.

    With *combined*, its combined requests come first, as in a run without --thorough.
    """
    _share_samples(check)
    session = cast("Session", rehearsal.combining() if combined else rehearsal)
    if check.explores is None:
        return judge_check(check, session, "rehearsal", slow=True)
    result: Result | None = None
    for probes in drawn(check, rehearsal.profile):
        one = replace(check, sends=probes, explores=None)
        result = judge_check(one, session, "rehearsal", slow=True)
        if result.outcome is not Outcome.PASS:
            return result
    if result is None:
        return Result(
            check=check,
            target="rehearsal",
            outcome=Outcome.SKIP,
            reason="nothing was drawn",
        )
    return result


class _Memory(Generic[T]):
    """
    What was computed for a check in a profile, by the check itself and not its id.

    Two checks of one id may exist in a process, such as two versions in a test.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[Check, T]] = {}

    def get(self, check: Check, profile: str, make: Callable[[], T]) -> T:
        """What *make* computes for *check* in the profile of that id, computed once."""
        key = (id(check), profile)
        if key not in self._known:
            # The check is kept with its value, so that its `id` is not given away.
            self._known[key] = (check, make())
        return self._known[key][1]


_DRAWN: _Memory[tuple[tuple[Probe, ...], ...]] = _Memory()
_NUMBERED: _Memory[Mapping[int, Probe]] = _Memory()
_OUTCOMES: _Memory[Result] = _Memory()


def drawn(check: Check, profile: Profile) -> tuple[tuple[Probe, ...], ...]:
    """A few of the requests that the property *check* explores; needs Hypothesis."""

    def draw() -> tuple[tuple[Probe, ...], ...]:
        found: list[tuple[Probe, ...]] = []

        def keep(probes: tuple[Probe, ...]) -> bool:
            found.append(probes)
            return False

        smallest(check.explores(profile) if check.explores else None, keep, most=DRAWN)
        return tuple(found)

    return _DRAWN.get(check, profile.id, draw)


def requests(check: Check, profile: Profile) -> tuple[Probe, ...]:
    """Every request of *check* in *profile*."""
    if check.explores is None:
        return fitted(check, profile).sends
    return tuple(probe for probes in drawn(check, profile) for probe in probes)


def numbered(check: Check, profile: Profile) -> Mapping[int, Probe]:
    """The requests of *check* in *profile* by their number."""

    def number_all() -> Mapping[int, Probe]:
        _share_samples(check)
        return {_NUMBERS.of(probe): probe for probe in requests(check, profile)}

    return _NUMBERED.get(check, profile.id, number_all)


def outcomes(name: str, checks: Mapping[str, Check]) -> Mapping[str, Result]:
    """The result of each of *checks* on the clean rehearsal of the profile *name*."""
    return {
        id_: _OUTCOMES.get(check, name, partial(judge, check, clean(name)))
        for id_, check in checks.items()
    }
