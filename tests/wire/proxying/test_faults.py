"""Each fault of a requirement on any reply, found by the proxy that it passes."""

from __future__ import annotations

import time
from contextlib import contextmanager

import httpx
import pytest
from support.catalogue import CHECKS, FAULTS, QUIRKS
from support.relaying import relaying

from contract.client.session import Session
from contract.mock_server.app import serving
from contract.mock_server.latency import AT_ONCE
from contract.mock_server.provider import MockProvider
from contract.model.check import Scope
from contract.model.exchange import End
from contract.model.wire import build_request
from contract.proxying.exchanges import Reader
from contract.proxying.ledger import Ledger
from contract.run.report import Header, Outcome
from contract.testing.laws import applies, passes
from contract.testing.rehearsal import WINDOW, clean

pytestmark = pytest.mark.long

# Which requests combine others, a proxy does not know.
INVARIANTS = {
    one.id: one for one in CHECKS.values() if one.every not in {None, Scope.COMBINED}
}
NAMES = [
    clean(name).profile.id for name in ("vllm-0.32", "llamacpp", "mistral-2025-10")
]
KEY = "sk-of-a-client-of-the-proxy"
# What is judged by the clock says nothing of a mock that answers at once.
# One is about requests that are measured alone; a proxy does not know which.
TIMED = {"streaming.does-not-stall", "latency.samples-are-answered"}
# A client that reads to [DONE] leaves; later bytes are not recorded.
ENDLESS = {End.TIMEOUT, End.OPEN}


class Way:
    """A mock behind a relay; `change` is what its replies suffer."""

    def __init__(self, profile, provider, relay, client):
        self.profile, self.relay, self.client = profile, relay, client
        self.provider = provider
        self.seen = 0

    def results(self, probes, checks):
        """What *checks* say of the replies to *probes* that pass the relay."""
        session = Session(self.relay.url, self.profile, "m", saved={})
        ledger = Ledger(checks, session, "target")
        for probe in probes:
            model = self.provider.models[0]
            request = build_request(probe, self.profile, model, KEY)
            try:
                self.client.request(
                    request.method,
                    request.path,
                    content=request.body,
                    headers=dict(request.headers),
                )
            except httpx.TransportError:
                pass  # what a fault may do to a client
            except httpx.DecodingError:
                pass
        self.seen += len(probes)
        reader = Reader(self.profile)
        for passed in self.relay.wait(self.seen)[-len(probes) :]:
            exchange = reader.exchange(passed)
            ledger.count(exchange)
            ledger.judge(exchange)
        header = Header(
            target="target", url="", profile="", why="", model="", version="",
            started="2026-11-27T00:00:00+00:00",
        )  # fmt: skip
        return {r.check.id: r for r in ledger.report(header, strict=False).results}


@contextmanager
def way(name):
    profile = clean(name).profile
    provider = MockProvider(
        profile.dialect,
        models=(profile.model,),
        context_window=WINDOW,
        plan=AT_ONCE,
        clock=time.time,
    )
    with (
        serving(provider) as url,
        relaying(url, profile=name) as relay,
        httpx.Client(base_url=relay.url, timeout=5, trust_env=False) as client,
    ):
        yield Way(profile, provider, relay, client)


def asked(checks):
    """The probes of *checks* that need neither filling nor a canary, each once."""
    probes = dict.fromkeys(p for check in checks for p in check.sends)
    return [p for p in probes if p.fill is None and not p.canary]


def failing(results):
    return {one for one, result in results.items() if result.outcome is Outcome.FAIL}


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_behind_the_proxy_is_found_and_named(name):
    missed = {}
    tried = 0
    with way(name) as one:
        for name_, fault in FAULTS.items():
            check = fault.breaks
            if check.id not in INVARIANTS or check.id in TIMED:
                continue
            probes = [p for p in asked([check]) if p.hang_up_after is None]
            if not probes or not (applies(fault, name) and passes(check, name)):
                continue
            changed = [fault.apply(clean(name).reply(probe)) for probe in probes]
            if any(reply.end in ENDLESS for reply in changed):
                continue
            one.provider.change = fault.apply
            tried += 1
            results = one.results(probes, [check])
            if check.id not in failing(results):
                missed[name_] = (check.id, results[check.id].reason)
    assert missed == {}
    assert tried > 60


@pytest.mark.parametrize("name", NAMES)
def test_sound_replies_and_quirks_pass_without_a_finding(name):
    checks = [*INVARIANTS.values()]
    probes = [p for p in asked(checks) if p.hang_up_after is None][:60]
    wrong = {}
    with way(name) as one:
        for quirk, change in [("none", None), *((q, QUIRKS[q].apply) for q in QUIRKS)]:
            few = probes if change is None else probes[::4]
            one.provider.change = change
            if found := failing(one.results(few, checks)):
                wrong[quirk] = found

    assert wrong == {}
