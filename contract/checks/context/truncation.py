"""That nothing of a conversation disappears: every part of it costs its tokens."""

from __future__ import annotations

from contract.checks.context.prompt_length import (
    EXACT,
    charged,
    set_prompt_tokens,
    words,
)
from contract.checks.context.prompts import (
    HAYSTACK,
    NEEDLE,
    NEEDLES,
    SHORTER,
    TALK,
)
from contract.checks.judging.prompt_tokens import prompt_of
from contract.checks.judging.usage import counted
from contract.checks.sources import OLLAMA
from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply
from contract.tokens import counting

# Beside text there are markers of turns; half of the text is less than any of it.
LEAST = 0.5


def _costs(longer: Exchange, shorter: Exchange, what: str) -> Findings:
    """A finding unless *longer* costs as much more as it has more tokens."""
    grown, real = (
        counted(longer, "prompt_tokens") - counted(shorter, "prompt_tokens"),
        prompt_of(longer) - prompt_of(shorter),
    )
    exact = longer.profile.offers >= EXACT
    if grown != real if exact else grown < real * LEAST:
        yield Finding(
            f"{what} does not count",
            expected=f"{real if exact else round(real * LEAST)} prompt_tokens more"
            + ("" if exact else " at least"),
            actual=f"{grown} more",
            at=f"request {longer.probe.name} after {shorter.probe.name}",
        )


@check(
    "context.drops-no-message",
    "Every message of a conversation MUST count: the first, the last and any between.",
    source=OLLAMA,
    sends=(TALK, *SHORTER),
)
def drops_no_message(whole: Exchange, *shorter: Exchange) -> Findings:
    for exchange, what in zip(shorter, ("first", "middle", "last"), strict=True):
        yield from _costs(whole, exchange, f"the {what} turn of a conversation")


@fault(breaks=drops_no_message, also=("context",))
def only_recent_turns(reply: Reply) -> Reply:
    """A gateway passes on the last five messages of a conversation."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if len(asked) <= 6 or words(reply.probe) < 1_000:  # noqa: PLR2004  # not the short ones of other families
        return reply
    lost = sum(counting.text(message.text) for message in asked[:-5])
    return set_prompt_tokens(reply, max(charged(reply) - lost, 1))


@check(
    "context.reads-every-place",
    "A sentence MUST count at the start, in the middle and at the end of a long text.",
    source=OLLAMA,
    sends=(HAYSTACK, *NEEDLES),
)
def reads_every_place(plain: Exchange, *hiding: Exchange) -> Findings:
    for exchange, place in zip(hiding, ("start", "middle", "end"), strict=True):
        yield from _costs(exchange, plain, f"a sentence at the {place}")


@fault(breaks=reads_every_place)
def middle_left_out(reply: Reply) -> Reply:
    """A gateway shortens long texts to their beginning and their end."""
    asked = reply.probe.messages if reply.probe is not None else ()
    texts = [m.text for m in asked if NEEDLE in m.text]
    if not texts or not 0.2 < texts[0].index(NEEDLE) / len(texts[0]) < 0.8:  # noqa: PLR2004  # neither end
        return reply
    return set_prompt_tokens(reply, charged(reply) - counting.text(NEEDLE))
