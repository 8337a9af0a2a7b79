"""Load tests without a command line: one engine process for many mocks."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace

from contract.client.route import DIRECT
from contract.load.judging import Judge
from contract.load.measure import Measure
from contract.load.plan import LoadPlan
from contract.load.running import Engines
from contract.load.scenario import find_scenario
from contract.load.work import Work
from contract.model.check import Check
from contract.model.exchange import Arrival
from contract.model.profile import Budget
from contract.plugins.discovery import find
from contract.run.opening import open_target
from contract.run.report import Outcome
from contract.testing.rehearsal import changed, clean

KEY = "sk-mock-of-magistral-contract"


@dataclass
class Load:
    """Engines that stay alive from one target to the next."""

    engines: Engines

    def run(self, target, *, scenario="mixed", requests=40, users=4, **plan):
        """The step and the results of *requests* requests to *target*."""
        with open_target(target) as verification:
            session = verification.session
            profile = verification.profile
            offered, _ = find_scenario(scenario).offered_by(profile)
            load = {"users": users, "most": requests, "duration": 60.0, **plan}
            step = self.engines.run(
                LoadPlan(
                    url=session.url,
                    profile=profile,
                    model=session.model,
                    scenario=offered,
                    **load,
                ),
                profile,
                more=True,
            )
            judge = Judge(
                session=session,
                target=target,
                profile=profile,
                checks=tuple(find("checks", Check).values()),
                command=("magistral-contract", "load", target),
                exact=True,
                most_lag=60.0,
            )
            return step, judge.results([step])


@contextmanager
def loading(**options):
    """Engines for the mock, whose key they know."""
    with Engines.local(KEY, DIRECT, **options) as engines:
        yield Load(engines)


def failed(results):
    """The ids of the failed checks."""
    return {result.check.id for result in results if result.outcome is Outcome.FAIL}


class Clock:
    """A clock that a test advances."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Server:
    """The mock of a dialect on a virtual clock; each reply takes *seconds*."""

    def __init__(self, clock, dialect="vllm-0.32", seconds=0.1, change=None):
        self.clock, self.seconds, self.sent = clock, seconds, []
        self.mock = clean(dialect) if change is None else changed(dialect, change)

    def record(self, probe, profile, request):
        """The exchange of *probe*, whose text arrives evenly over its time."""
        number = len(self.sent)
        self.sent.append(probe)
        seconds = self.seconds(number) if callable(self.seconds) else self.seconds
        exchange = self.mock.send(probe)
        self.clock.sleep(seconds)
        many = len(exchange.arrivals)
        return replace(
            exchange,
            profile=profile,
            request=request,
            elapsed=seconds,
            arrivals=tuple(
                Arrival(seconds * (place + 1) / many, arrival.data)
                for place, arrival in enumerate(exchange.arrivals)
            ),
        )


def plan(dialect="vllm-0.32", scenario="chat", **values):
    """A plan for a server of *dialect*, which is not to be sent anywhere."""
    profile = clean(dialect).profile
    given = {"users": 1} if "schedule" not in values else {}
    return LoadPlan(
        url="http://127.0.0.1:9",
        profile=replace(profile, budget=values.pop("budget", Budget())),
        model="magistral-small-2509",
        scenario=find_scenario(scenario).offered_by(profile)[0],
        **{**given, **values},
    )


def worked(plan, server, **options):
    """The work of one user who carries out his share of *plan*."""
    work = Work(
        plan, server.record, clock=server.clock, sleep=server.clock.sleep, **options
    )
    while work.turn():
        pass
    return work


def some_measure(number, seconds, **changes):
    """A measure that depends on its *number* alone, but for *changes*."""
    values = {
        "number": number,
        "chat": "a" if number % 2 else "b",
        "measured": number > 1,
        "intended": float(number),
        "ended": number + seconds,
        "start_delay": 0.0,
        "kind": "cut off" if number % 5 == 0 else "answered",
        "figures": {"ttft": seconds / 2, "e2e": seconds, "ttfo": None},
        "gaps": (seconds / 10, seconds / 7),
        "good": number % 3 == 0,
        "tokens": number,
        "prompt_tokens": 2 * number,
        "suspicions": ("odd",) if number % 4 == 0 else (),
    }
    return Measure(**{**values, **changes})
