"""That the counters are there, and agree with each other."""

from __future__ import annotations

from collections.abc import Iterator

from contract.checks.faults.usage import (
    add_tokens,
    details,
)
from contract.checks.judging.usage import (
    BOTH,
    COUNTERS,
    counted,
    usage_location,
)
from contract.checks.sources import (
    OPENAI_STREAM,
    OPENAI_USAGE,
)
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage


@check(
    "usage.present",
    "A whole reply MUST carry usage with its three counters.",
    source=OPENAI_USAGE,
    sends=SUM_WHOLE,
)
def present(exchange: Exchange) -> Findings:
    missing = [name for name in COUNTERS if name not in exchange.usage]
    if missing:
        yield Finding(
            "the usage is not complete",
            expected=", ".join(COUNTERS),
            actual=shorten(exchange.usage) if exchange.usage else "no usage",
            at=usage_location(exchange),
        )


@fault(breaks=present, also=("schema.response",))
def usage_dropped(reply: Reply) -> Reply:
    """A gateway rebuilds the whole reply and leaves the usage out."""
    return reply if reply.streamed else reply.change(_without_usage)


def _without_usage(value: Json) -> Json:
    if not isinstance(value, dict) or "usage" not in value:
        return value
    kept = {name: entry for name, entry in value.items() if name != "usage"}
    return kept if kept.get("choices") else None


@check(
    "usage.present-in-stream",
    "A stream whose request asks for usage MUST carry usage with its three counters.",
    source=OPENAI_STREAM,
    sends=SUM,
    needs=BOTH,
)
def present_in_stream(exchange: Exchange) -> Findings:
    missing = [name for name in COUNTERS if name not in exchange.usage]
    if missing:
        yield Finding(
            "the stream ended without complete usage",
            expected=", ".join(COUNTERS),
            actual=shorten(exchange.usage) if exchange.usage else "no usage",
            at=usage_location(exchange),
        )


@fault(breaks=present_in_stream, also=("streaming.usage-comes-once",))
def stream_usage_dropped(reply: Reply) -> Reply:
    """A proxy forwards the text of a stream and swallows its usage."""
    return reply.change(_without_usage) if reply.streamed else reply


@check(
    "usage.counts-are-natural",
    "Every counter of the usage MUST be a whole number that is not negative.",
    source=OPENAI_USAGE,
    sends=(SUM, SUM_WHOLE),
    needs=BOTH,
)
def counts_are_natural(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        told = [name for name in COUNTERS if name in exchange.usage]
        if not told:
            raise NotApplicable("the reply has no usage")
        for name in told:
            number = exchange.count(name)
            if number is None or number < 0:
                yield Finding(
                    f"{name} is no natural number",
                    expected="a whole number from 0",
                    actual=shorten(repr(exchange.usage[name])),
                    at=usage_location(exchange),
                )


@fault(breaks=counts_are_natural, also=("schema.response", "schema.event"))
def counts_as_text(reply: Reply) -> Reply:
    """A gateway written in another language sends its counters as strings."""

    def spelled(usage: dict[str, Json]) -> None:
        for name in COUNTERS:
            if isinstance(usage.get(name), int):
                usage[name] = str(usage[name])

    return rewrite_usage(reply, spelled)


@check(
    "usage.sums-up",
    "The total_tokens MUST be the sum of prompt_tokens and completion_tokens.",
    source=OPENAI_USAGE,
    sends=(SUM, SUM_WHOLE),
    needs=BOTH,
)
def sums_up(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        prompt, completion, total = (counted(exchange, name) for name in COUNTERS)
        if total != prompt + completion:
            yield Finding(
                "the counters do not sum up",
                expected=f"{prompt} + {completion} = {prompt + completion}",
                actual=f"total_tokens {total}",
                at=usage_location(exchange),
            )


@fault(breaks=sums_up, also=("schema.rate-limit-headers",))
def total_without_prompt(reply: Reply) -> Reply:
    """The total repeats the completion and forgets the prompt."""

    def forgotten(usage: dict[str, Json]) -> None:
        if "total_tokens" in usage:
            usage["total_tokens"] = usage.get("completion_tokens")

    return rewrite_usage(reply, forgotten)


@check(
    "usage.streamed-equals-whole",
    "The same request MUST cost the same prompt_tokens streamed and whole.",
    source=OPENAI_STREAM,
    sends=(SUM, SUM_WHOLE),
    needs=BOTH,
)
def streamed_equals_whole(streamed: Exchange, whole: Exchange) -> Findings:
    name = "prompt_tokens"
    if counted(streamed, name) != counted(whole, name):
        yield Finding(
            "the stream counts another prompt",
            expected=f"prompt_tokens {counted(whole, name)} as in the whole reply",
            actual=f"prompt_tokens {counted(streamed, name)}",
            at=usage_location(streamed),
        )


@fault(breaks=streamed_equals_whole, also=("isolation.own-prompt", "multimodal"))
def stream_counts_template_twice(reply: Reply) -> Reply:
    """The streaming path applies the chat template a second time and counts it."""
    if not reply.streamed:
        return reply
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "prompt_tokens", 5))


def _cached(usage: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """The cached tokens under each of the names in use."""
    for place in ("prompt_tokens_details", "prompt_token_details"):
        if (number := details(usage, place).get("cached_tokens")) is not None:
            yield f"{place}.cached_tokens", number
    if (number := usage.get("num_cached_tokens")) is not None:
        yield "num_cached_tokens", number


@check(
    "usage.cached-within-prompt",
    "The cached tokens MUST NOT be more than the prompt_tokens they are part of.",
    source=OPENAI_USAGE,
    sends=SUM_WHOLE,
)
def cached_within_prompt(exchange: Exchange) -> Findings:
    prompt = counted(exchange, "prompt_tokens")
    cached = list(_cached(exchange.usage))
    if not cached:
        raise NotApplicable("the usage does not tell cached tokens")
    for name, number in cached:
        if not isinstance(number, int) or not 0 <= number <= prompt:
            yield Finding(
                "more is cached than was sent",
                expected=f"{name} from 0 to {prompt}",
                actual=shorten(repr(number)),
                at=usage_location(exchange),
            )


@fault(breaks=cached_within_prompt)
def cache_counted_in_blocks(reply: Reply) -> Reply:
    """The cache counts whole blocks, also those the prompt fills only in part."""

    def rounded(usage: dict[str, Json]) -> None:
        prompt = usage.get("prompt_tokens")
        if isinstance(prompt, int):
            parts = details(usage, "prompt_tokens_details")
            blocks = (prompt // 16 + 1) * 16
            usage["prompt_tokens_details"] = {**parts, "cached_tokens": blocks}

    return rewrite_usage(reply, rounded)
