"""Every check, fault and profile at once, rehearsed: what the laws are about."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from contract.catalog import profiles
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import MockProvider
from contract.model.check import (
    Check,
    Fault,
    Quirk,
)
from contract.model.profile import (
    Budget,
    Capability,
)
from contract.model.reply import rehearse
from contract.model.wire import build_request
from contract.plugins.discovery import find
from contract.run.explore import smallest
from contract.run.report import Outcome
from contract.run.runner import judge_check
from contract.tokens.padding import padded

CHECKS = find("checks", Check)
FAULTS = find("checks", Fault)
QUIRKS = find("quirks", Quirk)
PROFILES = profiles.builtin()
# One profile of each dialect, the one that promises most, stands for the others.
DIALECTS = {
    profile.dialect.id: profile.id
    for profile in sorted(PROFILES.values(), key=lambda one: len(one.offers))
}.values()
ALL = tuple(CHECKS.values())
KEY = "sk-rehearsal"
# Long enough for every fixed length, short enough to be filled in each dialect.
WINDOW = 49_152
# A second more than the stand-in needs for any of it.
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
# Frames of a stream that a probe leaves in the middle; none reads so many.
UNREAD = 100
# Slow enough that a stream can be told from a whole response.
PLAN = LatencyPlan(ttft=0.4, icl=0.03)


def _numbered():
    """
    A number for each probe by identity; equal probes share one.

    So do the samples of a latency: nobody hurries or dawdles on the virtual clock.
    """
    numbers = {}
    return {
        id(probe): numbers.setdefault(
            replace(probe, sample=0) if check.family == "latency" else probe,
            len(numbers),
        )
        for check in CHECKS.values()
        for probe in check.sends
    }


NUMBERS = _numbered()  # hashing a probe costs more than rehearsing it


class Rehearsal:
    """A session that sends nothing: the replies come on a virtual clock."""

    def __init__(self, profile, base=None, change=None):
        self.profile = profile
        self._base = base
        self._change = change
        self._known = {}

    def send(self, probe):
        """The exchange of *probe*; the very one of the base where nothing changed."""
        return self._both(probe)[1]

    def reply(self, probe):
        """What the provider means to send."""
        return self._both(probe)[0]

    def touches(self, probes):
        """Whether the change does anything to the reply of one of *probes*."""
        return any(self.send(probe) is not self._base.send(probe) for probe in probes)

    def _both(self, probe):
        number = NUMBERS.setdefault(id(probe), len(NUMBERS))
        if number not in self._known:
            self._known[number] = self._rehearsed(probe, number)
        return self._known[number]

    def _rehearsed(self, probe, number):
        if self._base is None:
            fitted = padded(probe, self.profile)
            request = build_request(fitted, self.profile, model(self.profile), KEY)
            reply = provider(self.profile.id).reply(request, number)
            if probe.hang_up_after is not None:  # the rest is never read
                reply = reply.with_frames(reply.frames[:UNREAD])
            return reply, rehearse(reply, probe, self.profile)
        before = self._base.reply(probe)
        reply = self._change(before)
        if reply == before:
            return before, self._base.send(probe)
        return reply, rehearse(reply, probe, self.profile)


def model(profile):
    return profile.model


@cache
def provider(name):
    """The stand-in that keeps the promises of a profile."""
    profile = PROFILES[name]
    return MockProvider(
        profile.dialect,
        models=(model(profile),),
        context_window=WINDOW,
        api_key=KEY if Capability.KEY_REQUIRED in profile.offers else None,
        plan=PLAN,
    )


@cache
def clean(name):
    """The rehearsal of a profile as it is, but without waivers and with budgets."""
    profile = replace(PROFILES[name], waivers={}, context_window=WINDOW, budget=BUDGET)
    return Rehearsal(profile)


# Enough to meet what a fault of a property is about, in every dialect.
DRAWN = 12


@cache
def drawn(id, name):
    """A few of the requests that a property explores, each its own judgement."""
    found = []
    smallest(
        CHECKS[id].explores(PROFILES[name]),
        lambda probes: bool(found.append(probes)),
        most=DRAWN,
    )
    return tuple(found)


def asked(check, name):
    """Every request of a check in a profile."""
    if check.explores is None:
        return check.sends
    return tuple(probe for probes in drawn(check.id, name) for probe in probes)


def judged(check, rehearsal):
    if check.explores is None:
        return judge_check(check, rehearsal, "rehearsal", slow=True)
    result = None
    for probes in drawn(check.id, rehearsal.profile.id):
        one = replace(check, sends=probes, explores=None)
        result = judge_check(one, rehearsal, "rehearsal", slow=True)
        if result.outcome is not Outcome.PASS:
            return result
    return result


@cache
def outcomes(name):
    """What each check says of a profile's own stand-in."""
    return {one: judged(check, clean(name)) for one, check in CHECKS.items()}


def failing(name, change, checks=ALL):
    """The checks that fail after *change* and did not fail before."""
    changed = Rehearsal(clean(name).profile, clean(name), change)
    before = outcomes(name)
    found = set()
    for check in checks:
        was = before[check.id]
        if was.outcome is Outcome.FAIL or not was.exchanges:
            continue
        if not changed.touches(asked(check, name)):
            continue
        result = judged(check, changed)
        assert not result.broken, result.reason
        if result.outcome is Outcome.FAIL:
            found.add(check.id)
    return found


def explained(fault, one):
    return one == fault.breaks.id or {one, CHECKS[one].family} & fault.also


def applies(fault, name):
    """Whether a fault is one in this profile, and its check is judged there."""
    allowed = fault.exists_in(PROFILES[name].dialect)
    before = outcomes(name)[fault.breaks.id]
    return allowed and bool(before.exchanges) and before.outcome is not Outcome.FAIL


def passes(id, name):
    return outcomes(name)[id].outcome is Outcome.PASS
