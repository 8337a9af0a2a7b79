"""Comparison of the prompt tokens of two requests."""

from __future__ import annotations

from contract.checks.judging.prompt_tokens import token_difference
from contract.checks.judging.usage import usage_location
from contract.model.chat import Message
from contract.model.check import Finding, Findings
from contract.model.exchange import Exchange
from contract.model.profile import Capability


def system(text: str) -> Message:
    """Return a system message with *text*."""
    return Message("system", text)


def assistant(text: str) -> Message:
    """Return an assistant message with *text*."""
    return Message("assistant", text)


def costs_more(longer: Exchange, shorter: Exchange, what: str) -> Findings:
    """
    Yield a finding unless the text that *longer* adds to *shorter* is counted.

    *what* names that text, as the subject of the finding's message. Servers with the
    capability `tekken` must report the exact difference, others any increase. Raise
    `NotApplicable` without a count.
    """
    reported, exact = token_difference(longer, shorter)
    tekken = Capability.TEKKEN in longer.profile.offers
    if reported != exact if tekken else reported <= 0:
        expected = f"{exact} more prompt_tokens" if tekken else "more prompt_tokens"
        yield Finding(
            f"{what} is not counted as it was sent",
            expected=f"{expected} than for {shorter.probe.name}",
            actual=f"{reported} more",
            at=f"{longer.probe.name}, {usage_location(longer)}",
        )


def costs_the_same(one: Exchange, other: Exchange, what: str) -> Findings:
    """
    Yield a finding unless both prompts cost the same number of prompt_tokens.

    *what* names what *other* has in addition to *one*, as the subject of the
    finding's message. Raise `NotApplicable` without a count.
    """
    difference, _ = token_difference(other, one)
    if difference:
        yield Finding(
            f"{what} changes the prompt",
            expected=f"the same prompt_tokens as for {one.probe.name}",
            actual=f"{difference} more",
            at=f"{other.probe.name}, {usage_location(other)}",
        )
