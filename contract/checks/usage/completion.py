"""That completion_tokens count what was made: thought, answer, every choice."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.usage import (
    add_tokens,
    details,
)
from contract.checks.judging.usage import (
    BOTH,
    counted,
    usage_location,
)
from contract.checks.sources import (
    MISTRAL_CHAT,
    OPENAI_USAGE,
)
from contract.model.chat import (
    Json,
    PieceKind,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    CUT,
    CUT_WHOLE,
    SUM,
    SUM_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import (
    decode_reply,
    rewrite_usage,
)
from contract.tokens import counting

# A model may spell a text with other tokens than a tokenizer would, and a server
# may trim white space it has counted: so many tokens, and so large a share.
SLACK = 4
SHARE = 0.02
# No tokenizer in use makes of a text less than this share of Tekken's tokens.
COARSEST = 0.6
# Two choices of three tokens each: no tokenizer is needed to know their sum.
TWO_CUT = replace(
    CUT_WHOLE,
    name="two-cut-whole",
    options=replace(CUT_WHOLE.options, temperature=0.7, n=2),
)


def slack(said: int) -> int:
    return SLACK + round(said * SHARE)


@check(
    "usage.completion-includes-thinking",
    "The completion_tokens MUST count the thought as well as the answer.",
    source=MISTRAL_CHAT,
    sends=(SUM, SUM_WHOLE),
    needs=BOTH | {Capability.REASONING},
)
def completion_includes_thinking(*exchanges: Exchange) -> Findings:
    """
    At least the tokens of both texts, at most one a byte and the control tokens.

    A model need not spell a text with the fewest tokens, hence the wide upper
    bound; no token is shorter than a byte. Where the tokenizer may be another one,
    it is given much less than Tekken needs.
    """
    for exchange in exchanges:
        told = counted(exchange, "completion_tokens")
        texts = [
            exchange.text_of(kind) for kind in (PieceKind.REASONING, PieceKind.ANSWER)
        ]
        if not all(texts):
            raise NotApplicable("there is no thought and answer to count")
        said = sum(counting.text(text) for text in texts)
        most = sum(len(text.encode(errors="replace")) for text in texts)
        exact = Capability.EXACT_TOKENS in exchange.profile.offers
        least = said - slack(said) if exact else round(said * COARSEST)
        most += SLACK
        if not least <= told <= most:
            yield Finding(
                "the completion is counted wrongly",
                expected=f"completion_tokens from {least} to {most}: {said} tokens of "
                "text, two markers and the end",
                actual=f"completion_tokens {told}",
                at=usage_location(exchange),
            )


@fault(
    breaks=completion_includes_thinking,
    also=("usage.counts-reasoning", "schema.rate-limit-headers"),
)
def thinking_for_free(reply: Reply) -> Reply:
    """Only the answer is counted, because the parser counts what it passes on."""
    exchange = decode_reply(reply)
    thought = counting.text(exchange.reasoning)
    if exchange.finish == "length" or not thought:
        return reply
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "completion_tokens", -thought)
    )


def _capped(exchange: Exchange) -> Findings:
    most = exchange.sent.get("max_tokens")
    reasons = [reason for found in exchange.finishes.values() for reason in found]
    if not isinstance(most, int) or set(reasons) != {"length"}:
        raise NotApplicable("the reply was not cut by max_tokens")
    told, exact = counted(exchange, "completion_tokens"), most * len(reasons)
    if told != exact:
        yield Finding(
            "max_tokens and the count disagree",
            expected=f"completion_tokens {exact}, {most} for each of {len(reasons)}",
            actual=f"completion_tokens {told}",
            at=usage_location(exchange),
        )


@check(
    "usage.capped-by-max-tokens",
    "A reply cut by max_tokens MUST count exactly max_tokens completion tokens.",
    source=OPENAI_USAGE,
    sends=(CUT, CUT_WHOLE),
    needs=BOTH,
)
def capped_by_max_tokens(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _capped(exchange)


@fault(
    breaks=capped_by_max_tokens,
    also=(
        "isolation.own-limit",
        "sampling.one-token-is-one",
        "usage.choices-are-summed",
    ),
)
def end_counted_when_cut(reply: Reply) -> Reply:
    """A cut reply is charged an end-of-sequence token that was never made."""
    if decode_reply(reply).finish != "length":
        return reply
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "completion_tokens", 1))


@check(
    "usage.choices-are-summed",
    "The completion_tokens MUST count all choices of a reply together.",
    source=OPENAI_USAGE,
    sends=TWO_CUT,
    needs={Capability.CHOICES},
)
def choices_are_summed(exchange: Exchange) -> Findings:
    yield from _capped(exchange)


@fault(breaks=choices_are_summed)
def one_choice_counted(reply: Reply) -> Reply:
    """With n=2 the usage counts one choice (llama.cpp b11434)."""
    choices = reply.probe.options.n if reply.probe is not None else None
    if choices is None or choices < 2:  # noqa: PLR2004  # one choice has no other
        return reply

    def single(usage: dict[str, Json]) -> None:
        told = usage.get("completion_tokens")
        if isinstance(told, int):
            add_tokens(usage, "completion_tokens", told // choices - told)

    return rewrite_usage(reply, single)


@check(
    "usage.counts-reasoning",
    "The reasoning_tokens MUST count the thought, as a part of completion_tokens.",
    source=OPENAI_USAGE,
    sends=(SUM, SUM_WHOLE),
    needs=BOTH | {Capability.REASONING, Capability.REASONING_TOKENS},
)
def counts_reasoning(*exchanges: Exchange) -> Findings:
    """Between the thought's tokens, where they can be counted, and what is left."""
    for exchange in exchanges:
        if not exchange.reasoning:
            raise NotApplicable("there is no thought to count")
        parts = details(exchange.usage, "completion_tokens_details")
        told = parts.get("reasoning_tokens")
        completion = counted(exchange, "completion_tokens")
        least, most = 1, completion - bool(exchange.answer)
        if Capability.EXACT_TOKENS in exchange.profile.offers:
            thought = counting.text(exchange.reasoning)
            answer = counting.text(exchange.answer)
            least = max(least, thought - slack(thought))
            # Some count the markers as part of the thought, some do not.
            most = min(most, completion - answer + slack(answer))
        if not isinstance(told, int) or not least <= told <= most:
            yield Finding(
                "the thought is counted wrongly",
                expected=f"reasoning_tokens from {least} to {most}",
                actual=f"reasoning_tokens {told}",
                at=usage_location(exchange),
            )


def _reasoning_tokens(reply: Reply, told: Json) -> Reply:
    """Another number of reasoning tokens, where any is told; None for all of them."""

    def changed(usage: dict[str, Json]) -> None:
        parts = details(usage, "completion_tokens_details")
        if "reasoning_tokens" in parts:
            number = usage.get("completion_tokens") if told is None else told
            parts["reasoning_tokens"] = number

    return rewrite_usage(reply, changed)


@fault(breaks=counts_reasoning)
def reasoning_counted_as_none(reply: Reply) -> Reply:
    """The engine thinks, and the usage says zero reasoning tokens."""
    return _reasoning_tokens(reply, 0)


@fault(breaks=counts_reasoning)
def all_counted_as_reasoning(reply: Reply) -> Reply:
    """The whole completion is booked as reasoning, the answer too."""
    return _reasoning_tokens(reply, None)
