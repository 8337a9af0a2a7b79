"""Replies of a well-behaved provider, and what a check makes of them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from contract.checks.base import NotApplicable
from contract.exchange import load, spell
from contract.profiles import builtin
from contract.reply import rehearse
from contract.retell import count, retell
from contract.server.provider import SERVED, Provider
from contract.sizing import sized

RECORDED = Path(__file__).parents[1] / "fixtures" / "exchanges"


@cache
def provider(dialect, window):
    return Provider(dialect, context_window=window)


def told(profile, probe):
    """What a provider that keeps *profile*'s promises replies to *probe*."""
    request = spell(sized(probe, profile), profile, SERVED[0])
    return provider(profile.dialect, profile.context_window).reply(request, 0)


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


def judged(check, *exchanges):
    """The verdict of *check* on *exchanges*."""
    try:
        return Verdict(tuple(check.judge(*exchanges)))
    except NotApplicable as reason:
        return Verdict(skipped=str(reason))


def rehearsed(check, profile, fault=None, change=None):
    """The verdict of *check* on well-behaved replies, after *fault* and *change*."""
    exchanges = []
    for probe in check.sends:
        reply = told(profile, probe)
        for step in (fault.apply if fault else None, change):
            reply = step(reply) if step else reply
        exchanges.append(rehearse(reply, probe, profile))
    return judged(check, *exchanges)


def recorded(name, profile=None):
    """`recorded("vllm-0.32/n_2")`: what a real server said, read under a profile."""
    saved = json.loads((RECORDED / f"recorded-{name}.json").read_text("utf-8"))
    return load(saved, builtin()[profile or saved["profile"]])


def resaid(profile, probe, change):
    """The exchange of *probe* with the pieces of each choice changed by *change*."""
    return rehearse(retell(told(profile, probe), change), probe, profile)


def recharged(profile, probe, more):
    """The exchange of *probe*, charged *more* prompt tokens than it has."""

    def changed(usage):
        usage["prompt_tokens"] += more

    return rehearse(count(told(profile, probe), changed), probe, profile)
