"""What the judges of conversations share: one prompt held against another."""

from __future__ import annotations

from contract.checks.judging.prompt_tokens import token_difference
from contract.checks.judging.usage import usage_location
from contract.model.chat import Message
from contract.model.check import (
    Finding,
    Findings,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability


def system(text: str) -> Message:
    """One message of the system."""
    return Message("system", text)


def assistant(text: str) -> Message:
    """One message that the assistant is said to have written."""
    return Message("assistant", text)


def costs_more(longer: Exchange, shorter: Exchange, what: str) -> Findings:
    """
    A finding unless *longer* costs what *what* adds to *shorter*.

    Where texts are counted as Tekken does the number is exact, elsewhere more is
    enough.
    """
    told, exact = token_difference(longer, shorter)
    tekken = Capability.TEKKEN in longer.profile.offers
    if told != exact if tekken else told <= 0:
        wanted = f"{exact} prompt_tokens more" if tekken else "more prompt_tokens"
        yield Finding(
            f"{what} is not counted as it was sent",
            expected=f"{wanted} than for {shorter.probe.name}",
            actual=f"{told} more",
            at=f"{longer.probe.name}, {usage_location(longer)}",
        )


def costs_the_same(one: Exchange, other: Exchange, what: str) -> Findings:
    """A finding unless both prompts cost the same."""
    told, _ = token_difference(other, one)
    if told:
        yield Finding(
            f"{what} changes the prompt",
            expected=f"as many prompt_tokens as for {one.probe.name}",
            actual=f"{told} more",
            at=f"{other.probe.name}, {usage_location(other)}",
        )
