"""Truncation checks: every part of a conversation is counted in prompt_tokens."""

from __future__ import annotations

import re

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import EVERY_TEXT, NEEDLE
from contract.checks.context.prompt_length import (
    reported_prompt_tokens,
    set_prompt_tokens,
    text_length,
)
from contract.checks.context.prompts import (
    CONVERSATION,
    HAYSTACK,
    NEEDLES,
    SHORTER,
)
from contract.checks.judging.prompt_tokens import tekken_prompt_tokens
from contract.checks.judging.usage import EXACT_TOKENS, require_counter
from contract.checks.sources import OLLAMA
from contract.model.check import Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.reply import Reply
from contract.tokens import counting

# Another tokenizer may need fewer tokens, but not fewer than half of Tekken's.
MIN_SHARE = 0.5
# Characters of a conversation; the other families send shorter ones.
LONG_CONVERSATION = 1_000
KEPT_MESSAGES = 5


def _costs(longer: Exchange, shorter: Exchange, what: str) -> Findings:
    """
    Yield a finding unless the additional text of *longer* is counted.

    *what* names that text, as the subject of the finding's message.
    """
    actual, tekken = (
        require_counter(longer, "prompt_tokens")
        - require_counter(shorter, "prompt_tokens"),
        tekken_prompt_tokens(longer) - tekken_prompt_tokens(shorter),
    )
    exact = longer.profile.offers >= EXACT_TOKENS
    least = round(tekken * MIN_SHARE)
    if actual != tekken if exact else actual < tekken * MIN_SHARE:
        yield Finding(
            f"{what} is not counted in full",
            expected=f"{tekken} more prompt_tokens"
            if exact
            else f"at least {least} more prompt_tokens",
            actual=f"{actual} more",
            at=f"request {longer.probe.name} after {shorter.probe.name}",
        )


@check(
    "context.drops-no-message",
    "Every message of a conversation MUST be counted, wherever it is.",
    source=OLLAMA,
    sends=(CONVERSATION, *SHORTER),
    combined=exact_prompts(EVERY_TEXT),
)
def drops_no_message(whole: Exchange, *shorter: Exchange) -> Findings:
    for exchange, what in zip(shorter, ("first", "middle", "last"), strict=True):
        yield from _costs(whole, exchange, f"the {what} turn of a conversation")


@fault(breaks=drops_no_message, also=("context",))
def only_recent_turns(reply: Reply) -> Reply:
    """A gateway forwards only the last five messages of a conversation."""
    sent = reply.probe.messages if reply.probe is not None else ()
    dropped = sent[:-KEPT_MESSAGES]
    if len(dropped) <= 1 or text_length(reply.probe) < LONG_CONVERSATION:
        return reply
    lost = sum(counting.count_text(message.text) for message in dropped)
    return set_prompt_tokens(reply, max(reported_prompt_tokens(reply) - lost, 1))


@check(
    "context.reads-every-place",
    "A sentence MUST be counted at the start, in the middle and at the end of a text.",
    source=OLLAMA,
    sends=(HAYSTACK, *NEEDLES),
    combined=exact_prompts(EVERY_TEXT),
)
def reads_every_place(plain: Exchange, *with_needle: Exchange) -> Findings:
    for exchange, place in zip(with_needle, ("start", "middle", "end"), strict=True):
        yield from _costs(exchange, plain, f"a sentence at the {place}")


@fault(breaks=reads_every_place)
def middle_left_out(reply: Reply) -> Reply:
    """A gateway shortens long texts to their beginning and their end."""
    sent = reply.probe.messages if reply.probe is not None else ()
    texts = [m.text for m in sent if NEEDLE in m.text]
    places = [
        found.start() / len(text)
        for text in texts
        for found in re.finditer(re.escape(NEEDLE), text)
    ]
    if not any(0.2 < place < 0.8 for place in places):  # noqa: PLR2004  # at neither end
        return reply
    prompt = reported_prompt_tokens(reply) - counting.count_text(NEEDLE)
    return set_prompt_tokens(reply, prompt)
