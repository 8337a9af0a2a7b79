"""Checks made for a test, and sessions that answer from saved exchanges."""

from __future__ import annotations

from dataclasses import replace

from contract.catalog.profiles import builtin
from contract.client.session import Session
from contract.model.check import Check, Finding, NotApplicable, check
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.probes import SUM
from contract.model.saved import digest
from contract.model.wire import build_request

PROFILE = replace(
    builtin()["vllm-0.16"], waivers={}, tolerates=frozenset({"unknown-model"})
)


def saved_session(*answers: tuple[Probe, dict], profile=PROFILE) -> Session:
    """
    The session of a recording with these *answers*: nothing is sent.

    An answer is a probe and the fields of its exchange; *body* is one arrival, and
    `{}` unless it is given, the status 200.
    """
    saved = {}
    for probe, answer in answers:
        request = build_request(probe, profile, "m")
        fields = {"status": 200, **answer}
        body = fields.pop("body", b"{}")
        if body is not None:
            fields["arrivals"] = (Arrival(0.1, body),)
        saved[digest(request, probe)] = Exchange(
            probe=probe, profile=profile, request=request, **fields
        )
    return Session("http://nowhere.invalid", profile, "m", saved=saved)


def made_check(judge=None, *, id="family.name", sends=SUM, **more) -> Check:
    """A check that passes, or that judges with *judge*."""

    def passes(*_exchanges):
        yield from ()

    decorate = check(id, "It MUST hold.", source="a test", sends=sends, **more)
    return decorate(judge or passes)


def fails(*_exchanges):
    yield Finding("wrong", "right", "left")


def crashes(*_exchanges):
    yield Finding("one thing is wrong")
    raise ZeroDivisionError("a bug")


def is_not_applicable(*_exchanges):
    raise NotApplicable("no reasoning in this reply")
    yield
