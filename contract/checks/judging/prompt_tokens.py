"""Prompt token counts compared with Tekken's."""

from __future__ import annotations

from contract.checks.judging.usage import (
    counted,
    usage_location,
)
from contract.model.chat import (
    Message,
    Options,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import user
from contract.model.profile import Capability
from contract.tokens import counting

TEKKEN = frozenset({Capability.TEKKEN})


def one_token_request(name: str, *messages: Message | str) -> Probe:
    """A request whose prompt counts and whose answer does not: one token of it."""
    turns = tuple(user(turn) if isinstance(turn, str) else turn for turn in messages)
    options = Options(max_tokens=1, temperature=0.0, seed=7)
    return Probe(name=name, messages=turns, options=options, reasons=False)


# Counts are compared with its, so that what every prompt costs does not matter.
PLAIN = one_token_request("languages-plain", "Hello")


def prompt_of(exchange: Exchange) -> int:
    """Tokens of the prompt as Tekken v13 counts what was sent."""
    return counting.prompt(exchange.profile.dialect.prepare(exchange.probe))


def token_difference(exchange: Exchange, base: Exchange) -> tuple[int, int]:
    """By how many prompt tokens they differ: as was told, and as Tekken counts."""
    told = counted(exchange, "prompt_tokens") - counted(base, "prompt_tokens")
    exact = [
        counting.prompt(one.profile.dialect.prepare(one.probe))
        for one in (exchange, base)
    ]
    return told, exact[0] - exact[1]


def intact(base: Exchange, exchanges: tuple[Exchange, ...]) -> Findings:
    """A finding for each prompt that costs other tokens than its text has."""
    for exchange in exchanges:
        told, exact = token_difference(exchange, base)
        if told != exact:
            name, text = exchange.probe.name, exchange.probe.messages[-1].text
            yield Finding(
                f"the text of {name} was not read as it was sent",
                expected=f"{exact} prompt_tokens more than for 'Hello'",
                actual=f"{told} more, for {shorten(ascii(text))}",
                at=usage_location(exchange),
            )


def exactly_counted(exchange: Exchange) -> Findings:
    told, exact = counted(exchange, "prompt_tokens"), prompt_of(exchange)
    if told != exact:
        yield Finding(
            f"the prompt {exchange.probe.name} is counted wrongly",
            expected=f"prompt_tokens {exact} (Tekken v13)",
            actual=f"prompt_tokens {told}",
            at=usage_location(exchange),
        )
