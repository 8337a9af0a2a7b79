"""Replies of a well-behaved provider, and what a check makes of them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from contract.catalog.profiles import builtin
from contract.mock_server.provider import SERVED, MockProvider
from contract.model.check import NotApplicable
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_pieces, rewrite_usage
from contract.model.saved import load
from contract.model.wire import build_request
from contract.tokens.padding import padded

RECORDED = Path(__file__).parents[2] / "fixtures" / "exchanges"


@cache
def provider(dialect, window):
    return MockProvider(dialect, context_window=window)


def mock_reply(profile, probe):
    """What a provider that keeps *profile*'s promises replies to *probe*."""
    request = build_request(padded(probe, profile), profile, SERVED[0])
    return provider(profile.dialect, profile.context_window).reply(request, 0)


def chat_request(probe, profile):
    """The body that *probe* becomes, read as that of a chat on every surface."""
    body = json.loads(build_request(probe, profile, "m").body)
    surface = profile.dialect.surface
    return body if surface is None else surface.parse(body)


@dataclass(frozen=True)
class Verdict:
    """What a judge said: its findings, or why there was nothing to judge."""

    findings: tuple = ()
    skipped: str = ""

    @property
    def word(self):
        if self.skipped:
            return "skip"
        return "fail" if self.findings else "pass"


def verdict_on(check, *exchanges):
    """The verdict of *check* on *exchanges*; an invariant judges each on its own."""
    if check.every is None or check.across:
        return judged_once(check, exchanges)
    each = [judged_once(check, [exchange]) for exchange in exchanges]
    findings = tuple(finding for one in each for finding in one.findings)
    if any(one.word == "pass" for one in each) or findings:
        return Verdict(findings)
    return each[0]


def judged_once(check, exchanges):
    """The verdict of *check* on *exchanges*, which its judge takes together."""
    try:
        return Verdict(tuple(check.judge(*exchanges)))
    except NotApplicable as reason:
        return Verdict(skipped=str(reason))


def rehearsed_verdict(check, profile, fault=None, change=None):
    """The verdict of *check* on well-behaved replies, after *fault* and *change*."""
    exchanges = []
    for probe in check.sends:
        reply = mock_reply(profile, probe)
        for step in (fault.apply if fault else None, change):
            reply = step(reply) if step else reply
        exchanges.append(rehearse(reply, probe, profile))
    return verdict_on(check, *exchanges)


def recorded_exchange(name, profile=None):
    """`recorded("vllm-0.32/n_2")`: what a real server said, read under a profile."""
    saved = json.loads((RECORDED / f"recorded-{name}.json").read_text("utf-8"))
    return load(saved, builtin()[profile or saved["profile"]])


def rewritten_exchange(profile, probe, change):
    """The exchange of *probe* with the pieces of each choice changed by *change*."""
    return rehearse(rewrite_pieces(mock_reply(profile, probe), change), probe, profile)


def overcharged_exchange(profile, probe, more):
    """The exchange of *probe*, charged *more* prompt tokens than it has."""

    def changed(usage):
        usage["prompt_tokens"] += more

    return rehearse(rewrite_usage(mock_reply(profile, probe), changed), probe, profile)
