"""Comparison of prompt token counts with those of the Tekken tokenizer."""

from __future__ import annotations

from contract.checks.judging.usage import require_counter, usage_location
from contract.model.chat import Message, Options
from contract.model.check import Finding, Findings, shorten, spell
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.profile import Capability
from contract.tokens import counting

TEKKEN = frozenset({Capability.TEKKEN})


def one_token_request(name: str, *messages: Message | str) -> Probe:
    """
    Return a probe for the prompt count alone: max_tokens is 1, and reasoning is off.

    *messages* are turns in order; a plain string is a user message.
    """
    turns = tuple(user(turn) if isinstance(turn, str) else turn for turn in messages)
    options = Options(max_tokens=1, temperature=0.0, seed=7)
    return Probe(name=name, messages=turns, options=options, reasons=False)


# Counts are compared with this prompt's, so that constant overhead cancels out.
PLAIN = one_token_request("languages-plain", "Hello")


def tekken_prompt_tokens(exchange: Exchange) -> int:
    """Return the prompt tokens of a request as counted by Tekken v13."""
    return counting.prompt(exchange.profile.dialect.prepare(exchange.probe))


def token_difference(exchange: Exchange, base: Exchange) -> tuple[int, int]:
    """
    Return by how many prompt tokens *exchange* exceeds *base*.

    The first number is the server's, the second one is Tekken's. Raises
    `NotApplicable` if a reply has no prompt_tokens.
    """
    reported = require_counter(exchange, "prompt_tokens") - require_counter(
        base, "prompt_tokens"
    )
    exact = [
        counting.prompt(one.profile.dialect.prepare(one.probe))
        for one in (exchange, base)
    ]
    return reported, exact[0] - exact[1]


def expect_unaltered(base: Exchange, exchanges: tuple[Exchange, ...]) -> Findings:
    """
    Yield a finding for each prompt whose text costs other tokens than Tekken counts.

    *base* is the exchange of a short prompt to compare with, usually `PLAIN`.
    """
    for exchange in exchanges:
        reported, exact = token_difference(exchange, base)
        if reported != exact:
            name, text = exchange.probe.name, exchange.probe.messages[-1].text
            yield Finding(
                f"the text of {name} was altered or counted wrongly",
                expected=f"{exact} prompt_tokens more than for 'Hello'",
                actual=f"{reported} more, for {shorten(spell(text, escape=True))}",
                at=usage_location(exchange),
            )


def expect_exact_count(exchange: Exchange) -> Findings:
    """
    Yield a finding if prompt_tokens is not the number that Tekken v13 counts.

    A gateway that writes the JSON again, with sorted keys or with defaults, changes the
    text of tools by some tokens; the server then counts another prompt correctly.
    """
    reported, exact = (
        require_counter(exchange, "prompt_tokens"),
        tekken_prompt_tokens(exchange),
    )
    if reported != exact:
        yield Finding(
            f"the prompt {exchange.probe.name} was changed after it was sent, or "
            "counted wrongly",
            expected=f"prompt_tokens {exact} (Tekken v13)",
            actual=f"prompt_tokens {reported}",
            at=usage_location(exchange),
        )
