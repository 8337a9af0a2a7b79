"""What the judges of languages share: cheap requests, and counts held to Tekken."""

from __future__ import annotations

from contract import tokens
from contract.chat import Message, Options, Probe
from contract.checks.base import Finding, Findings, shorten
from contract.checks.usage.reading import at, counted
from contract.exchange import Exchange
from contract.probes import user
from contract.profile import Capability

TEKKEN = frozenset({Capability.TEKKEN})
MISTRAL_TOKENS = "https://docs.mistral.ai/guides/tokenization"


def asked(name: str, *messages: Message | str) -> Probe:
    """A request whose prompt counts and whose answer does not: one token of it."""
    turns = tuple(user(turn) if isinstance(turn, str) else turn for turn in messages)
    options = Options(max_tokens=1, temperature=0.0, seed=7)
    return Probe(name=name, messages=turns, options=options, reasons=False)


# Counts are compared with its, so that what every prompt costs does not matter.
PLAIN = asked("languages-plain", "Hello")


def difference(exchange: Exchange, base: Exchange) -> tuple[int, int]:
    """By how many prompt tokens they differ: as was told, and as Tekken counts."""
    told = counted(exchange, "prompt_tokens") - counted(base, "prompt_tokens")
    exact = [
        tokens.prompt(one.profile.dialect.prepare(one.probe))
        for one in (exchange, base)
    ]
    return told, exact[0] - exact[1]


def intact(base: Exchange, exchanges: tuple[Exchange, ...]) -> Findings:
    """A finding for each prompt that costs other tokens than its text has."""
    for exchange in exchanges:
        told, exact = difference(exchange, base)
        if told != exact:
            name, text = exchange.probe.name, exchange.probe.messages[-1].text
            yield Finding(
                f"the text of {name} was not read as it was sent",
                expected=f"{exact} prompt_tokens more than for 'Hello'",
                actual=f"{told} more, for {shorten(ascii(text))}",
                at=at(exchange),
            )
