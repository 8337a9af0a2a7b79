"""A report of a load test that was never sent, for tests of its forms."""

from __future__ import annotations

from contract.client.session import Session
from contract.load.judging import Judge
from contract.load.lag import Generator
from contract.load.report import LoadReport
from contract.load.running import Step
from contract.model.check import Check
from contract.model.profile import Budget
from contract.plugins.discovery import find
from contract.run.report import Header, Report
from support.loads import Clock, Server, plan, worked

QUIET = Generator(
    cpu=0.2, lag_p50=0.001, lag_p95=0.002, lag_p99=0.003, lag_max=0.004, count=100
)


def step_of(load, server=None, **changes):
    """The step of one user who carried out *load*."""
    work = worked(load, server or Server(Clock()))
    values = {
        "plan": load,
        "totals": work.finish(),
        "kept": work.samples.kept,
        "generators": (QUIET,),
        "most_in_flight": work.most_in_flight,
        "files": {},
    }
    return Step(**{**values, **changes})


def judge_of(profile, **changes):
    """A judge of replies to the mock, which sends nothing."""
    session = Session("http://127.0.0.1:9", profile, "m", saved={})
    values = {
        "session": session,
        "target": "mock:vllm",
        "profile": profile,
        "checks": tuple(find("checks", Check).values()),
        "command": ("magistral-contract", "load", "mock:vllm"),
        "exact": True,
    }
    return Judge(**{**values, **changes})


def report_of(steps, *, trouble="", strict=False, saved=""):
    """The report on *steps*, judged as `load` does."""
    results = judge_of(steps[0].plan.profile).results(steps)
    header = Header(
        target="mock:vllm",
        url="http://127.0.0.1:9",
        profile="vllm-0.32",
        why="declared by the target",
        model="m",
        version="0",
        started="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        requests=20,
        trouble=trouble,
    )
    return LoadReport(
        report=Report(headers=(header,), results=results, strict=strict),
        steps=tuple(steps),
        sampled=sum(len(step.kept) for step in steps),
        saved=saved,
    )


def closed(users=1, seconds=0.1, most=20, budget=None, change=None, **values):
    """The step of a closed model of *most* requests, each of *seconds*."""
    load = plan(
        users=users,
        most=most,
        duration=10_000.0,
        budget=budget or Budget(),
        **values,
    )
    return step_of(load, Server(Clock(), seconds=seconds, change=change))
