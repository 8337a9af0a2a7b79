"""That the prompt of every conversation is counted exactly."""

from __future__ import annotations

from contract.checks.properties.answers import valid
from contract.checks.properties.comparing import more_tokens
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting

TURNS = 4  # messages


@check(
    "properties.prompts-are-counted-exactly",
    "The prompt_tokens of every conversation MUST be those of its prompt.",
    source="mistral-common, the tokenizer that Mistral publishes",
    explores=valid,
    needs={Capability.EXACT_TOKENS},
    slow=True,
)
def prompts_are_counted_exactly(exchange: Exchange) -> Findings:
    told = exchange.count("prompt_tokens")
    if told is None:
        raise NotApplicable("no usage is told")
    exact = counting.prompt(exchange.profile.dialect.prepare(exchange.probe))
    if told != exact:
        yield Finding("the prompt is counted wrongly", f"{exact}", f"{told}")


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
    """A template closes the turns of a longer conversation twice."""
    probe = reply.probe
    if probe is None or len(probe.messages) < TURNS:
        return reply
    turns = len(probe.messages)

    def more(usage: dict[str, Json]) -> None:
        more_tokens(usage, turns)

    return rewrite_usage(reply, more)
