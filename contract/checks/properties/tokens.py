"""Property: the prompt of every conversation is counted exactly."""

from __future__ import annotations

from contract.checks.faults.usage import add_tokens
from contract.checks.properties.answers import valid
from contract.model.check import Finding, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting

TURNS = 4  # messages


@check(
    "properties.prompts-are-counted-exactly",
    "The prompt_tokens of every conversation MUST be the token count of its prompt.",
    source="mistral-common, the tokenizer that Mistral publishes",
    explores=valid,
    needs={Capability.EXACT_TOKENS},
    slow=True,
)
def prompts_are_counted_exactly(exchange: Exchange) -> Findings:
    reported = exchange.count("prompt_tokens")
    if reported is None:
        raise NotApplicable("the reply has no prompt_tokens")
    exact = counting.prompt(exchange.profile.dialect.prepare(exchange.probe))
    if reported != exact:
        yield Finding(
            "the prompt was changed after it was sent, or counted wrongly",
            f"{exact}",
            f"{reported}",
        )


@fault(
    breaks=prompts_are_counted_exactly,
    also=(
        "properties",
        "usage",
        "conversation",
        "multimodal",
        "languages",
        "context",
        "tools",
    ),
)
def each_turn_ends_twice(reply: Reply) -> Reply:
    """A template ends each turn of a longer conversation twice."""
    probe = reply.probe
    if probe is None or len(probe.messages) < TURNS:
        return reply
    turns = len(probe.messages)

    return rewrite_usage(reply, lambda usage: add_tokens(usage, "prompt_tokens", turns))
