"""Checks of completion_tokens and reasoning_tokens."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.requests import DOUBLE_TWIN
from contract.checks.faults.usage import add_tokens, details
from contract.checks.judging.usage import (
    STREAMED_USAGE,
    require_counter,
    usage_location,
)
from contract.checks.sources import MISTRAL_CHAT, OPENAI_USAGE
from contract.model.chat import Json, PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probes import CUT, CUT_WHOLE, SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_usage
from contract.model.token_limit import token_limit
from contract.portable.requirement import decided
from contract.portable.schemas import (
    INTEGER,
    SOMETHING,
    at_most,
    has,
)
from contract.tokens import counting

# Tolerance, in tokens and as a share of the text: a model may generate other tokens for
# a text than its tokenizer would, and a server may trim white space after counting it.
TOLERANCE_TOKENS = 4
TOLERANCE_SHARE = 0.02
# A text of fewer tokens is within the tolerance, and the markers around it.
UNCERTAIN = 2 * TOLERANCE_TOKENS
# The smallest number of tokens that a tokenizer in use needs, relative to Tekken.
COARSEST = 0.6
# Two choices of three tokens each, so that the sum is known without a tokenizer.
TWO_CUT = replace(
    CUT_WHOLE,
    name="two-cut-whole",
    options=replace(CUT_WHOLE.options, temperature=0.7, n=2),
)


def tolerance(tokens: int) -> int:
    """Return the accepted deviation from an expected number of *tokens*."""
    return TOLERANCE_TOKENS + round(tokens * TOLERANCE_SHARE)


@check(
    "usage.completion-includes-thinking",
    "The completion_tokens MUST include the reasoning as well as the answer.",
    source=MISTRAL_CHAT,
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_USAGE | {Capability.REASONING},
    every=Scope.ANSWERS,
)
def completion_includes_thinking(exchange: Exchange) -> Findings:
    """
    The bounds are the tokens of both texts, and one token per byte plus control tokens.

    The upper bound is wide because a model need not generate the fewest tokens for a
    text, but no token is shorter than a byte. If the tokenizer is unknown, the lower
    bound is well below Tekken's count.
    """
    completion = require_counter(exchange, "completion_tokens")
    kinds = (PieceKind.REASONING, PieceKind.ANSWER)
    texts = [exchange.text_of(k, c) for c in sorted(exchange.finishes) for k in kinds]
    if not texts or not all(texts):
        raise NotApplicable("the reply does not have both reasoning and an answer")
    if any(piece.kind is PieceKind.TOOL for piece in exchange.pieces):
        raise NotApplicable("the reply has a tool call")
    tokens = sum(counting.count_text(text) for text in texts)
    size = sum(len(text.encode(errors="replace")) for text in texts)
    exact = Capability.EXACT_TOKENS in exchange.profile.offers
    least = tokens - tolerance(tokens) if exact else round(tokens * COARSEST)
    most = size + TOLERANCE_TOKENS * len(exchange.finishes)
    if not least <= completion <= most:
        yield Finding(
            "completion_tokens is wrong",
            expected=f"completion_tokens from {least} to {most}: {tokens} tokens "
            "of text, two markers and the end of sequence",
            actual=f"completion_tokens {completion}",
            at=usage_location(exchange),
        )


@fault(
    breaks=completion_includes_thinking,
    also=("usage.counts-reasoning", "schema.rate-limit-headers"),
)
def thinking_for_free(reply: Reply) -> Reply:
    """Only the answer is counted, because counting happens after reasoning is split."""
    exchange = decode_reply(reply)
    reasoning = sum(
        counting.count_text(exchange.text_of(PieceKind.REASONING, choice))
        for choice in exchange.finishes
    )
    if exchange.finish == "length" or reasoning <= UNCERTAIN * len(exchange.finishes):
        return reply
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "completion_tokens", -reasoning)
    )


@fault(
    breaks=completion_includes_thinking,
    also=("usage", "schema.rate-limit-headers", "isolation", "sampling", "streaming"),
)
def completion_summed_over_chunks(reply: Reply) -> Reply:
    """The count of each chunk so far is added up over the stream (vllm-omni#2313)."""
    if not reply.streamed:
        return reply

    def add_up(usage: dict[str, Json]) -> None:
        tokens = usage.get("completion_tokens")
        if isinstance(tokens, int):
            add_tokens(usage, "completion_tokens", tokens * (tokens - 1) // 2)

    return rewrite_usage(reply, add_up)


def _equals_max_tokens(exchange: Exchange) -> Findings:
    """Yield a finding unless a cut-off reply counts max_tokens for each choice."""
    limit = token_limit(exchange.sent)
    reasons = [reason for found in exchange.finishes.values() for reason in found]
    if limit is None or set(reasons) != {"length"}:
        raise NotApplicable("max_tokens did not cut off the reply")
    completion = require_counter(exchange, "completion_tokens")
    expected = limit * len(reasons)
    if completion != expected:
        yield Finding(
            "completion_tokens does not equal max_tokens",
            expected=f"completion_tokens {expected}, {limit} for each of "
            f"{len(reasons)} choices",
            actual=f"completion_tokens {completion}",
            at=usage_location(exchange),
        )


@check(
    "usage.capped-by-max-tokens",
    "The completion_tokens of a reply that max_tokens cut off MUST equal max_tokens.",
    source=OPENAI_USAGE,
    sends=(CUT, CUT_WHOLE),
    needs=STREAMED_USAGE,
    every=Scope.ANSWERS,
)
@decided(
    has(usages=has(excess=0)),
    when=has(finishReasons=["length"], usages=has(excess=INTEGER)),
)
def capped_by_max_tokens(exchange: Exchange) -> Findings:
    yield from _equals_max_tokens(exchange)


@fault(
    breaks=capped_by_max_tokens,
    also=(
        "isolation.own-limit",
        "sampling.one-token-is-one",
        "usage.choices-are-summed",
        "usage.within-max-tokens",
    ),
)
def end_counted_when_cut(reply: Reply) -> Reply:
    """A cut-off reply counts an end-of-sequence token that was not generated."""
    if decode_reply(reply).finish != "length":
        return reply
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "completion_tokens", 1))


@check(
    "usage.within-max-tokens",
    "The completion_tokens MUST NOT exceed max_tokens for each choice.",
    source=OPENAI_USAGE,
    sends=(CUT, CUT_WHOLE),
    needs=STREAMED_USAGE,
    every=Scope.ANSWERS,
)
@decided(
    has(usages=has(excess=at_most(0))),
    when=has(choices=SOMETHING, usages=has(excess=INTEGER)),
)
def within_max_tokens(exchange: Exchange) -> Findings:
    """A limit that a gateway drops is paid for by the client, whatever the finish."""
    limit = token_limit(exchange.sent)
    if limit is None or not exchange.finishes:
        raise NotApplicable("the request has no limit, or the reply no choice")
    completion = require_counter(exchange, "completion_tokens")
    most = limit * len(exchange.finishes)
    if completion > most:
        yield Finding(
            "the reply has more tokens than max_tokens allows",
            expected=f"completion_tokens of at most {most}",
            actual=f"completion_tokens {completion}, "
            f"finish reason {exchange.finish or 'null'}",
            at=usage_location(exchange),
        )


@fault(breaks=within_max_tokens, also=("usage", "sampling", "isolation", "schema"))
def limit_lost_on_the_way(reply: Reply) -> Reply:
    """A gateway does not pass max_tokens on, so replies are longer than it."""
    limit = reply.probe.options.max_tokens if reply.probe is not None else None
    if limit is None or decode_reply(reply).finish != "length":
        return reply
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "completion_tokens", limit + 1)
    )


@check(
    "usage.choices-are-summed",
    "The completion_tokens MUST be the sum over all choices of a reply.",
    source=OPENAI_USAGE,
    sends=TWO_CUT,
    combined=Combined(sends=(DOUBLE_TWIN,)),
    needs={Capability.CHOICES},
)
@decided(
    has(usages=has(excess=0)),
    when=has(finishReasons=["length"], usages=has(excess=INTEGER)),
)
def choices_are_summed(exchange: Exchange) -> Findings:
    yield from _equals_max_tokens(exchange)


@fault(breaks=choices_are_summed)
def one_choice_counted(reply: Reply) -> Reply:
    """With n=2 the usage counts only one choice (llama.cpp b11434)."""
    choices = reply.probe.options.n if reply.probe is not None else None
    if choices is None or choices <= 1:
        return reply

    def count_one_choice(usage: dict[str, Json]) -> None:
        completion = usage.get("completion_tokens")
        if isinstance(completion, int):
            more = completion // choices - completion
            add_tokens(usage, "completion_tokens", more)

    return rewrite_usage(reply, count_one_choice)


@check(
    "usage.counts-reasoning",
    "The reasoning_tokens MUST be the part of completion_tokens that is reasoning.",
    source=OPENAI_USAGE,
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_USAGE | {Capability.REASONING, Capability.REASONING_TOKENS},
    every=Scope.ANSWERS,
)
def counts_reasoning(exchange: Exchange) -> Findings:
    """At least the tokens of the reasoning, at most the rest of the completion."""
    if not exchange.reasoning:
        raise NotApplicable("the reply has no reasoning")
    parts = details(exchange.usage, "completion_tokens_details")
    reported = parts.get("reasoning_tokens")
    completion = require_counter(exchange, "completion_tokens")
    least, most = 1, completion - bool(exchange.answer)
    if Capability.EXACT_TOKENS in exchange.profile.offers:
        reasoning = counting.count_text(exchange.reasoning)
        answer = counting.count_text(exchange.answer)
        least = max(least, reasoning - tolerance(reasoning))
        # Some servers count the markers as part of the reasoning, some do not.
        most = min(most, completion - answer + tolerance(answer))
    if not isinstance(reported, int) or not least <= reported <= most:
        yield Finding(
            "reasoning_tokens is wrong",
            expected=f"reasoning_tokens from {least} to {most}",
            actual=f"reasoning_tokens {reported}",
            at=usage_location(exchange),
        )


def _replace_reasoning_tokens(reply: Reply, number: int | None) -> Reply:
    """Return *reply* with *number* as reasoning_tokens; None: all completion tokens."""

    def change(usage: dict[str, Json]) -> None:
        parts = details(usage, "completion_tokens_details")
        if "reasoning_tokens" in parts:
            everything = usage.get("completion_tokens")
            parts["reasoning_tokens"] = everything if number is None else number

    return rewrite_usage(reply, change)


@fault(breaks=counts_reasoning)
def reasoning_counted_as_none(reply: Reply) -> Reply:
    """The reply has reasoning, but the usage reports zero reasoning tokens."""
    return _replace_reasoning_tokens(reply, 0)


@fault(breaks=counts_reasoning)
def all_counted_as_reasoning(reply: Reply) -> Reply:
    """The whole completion is counted as reasoning, including the answer."""
    if counting.count_text(decode_reply(reply).answer) <= TOLERANCE_TOKENS:
        return reply
    return _replace_reasoning_tokens(reply, None)
