"""Checks that usage counters are present and consistent."""

from __future__ import annotations

from collections.abc import Iterator

from contract.checks.faults.usage import add_tokens, details
from contract.checks.judging.answered import prompt
from contract.checks.judging.usage import (
    COUNTERS,
    STREAMED_USAGE,
    requested_usage,
    require_counter,
    require_requested_usage,
    usage_location,
)
from contract.checks.sources import OPENAI_STREAM, OPENAI_USAGE
from contract.model.chat import Json
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.portable.requirement import decided
from contract.portable.schemas import (
    ANYTHING,
    INTEGER,
    SOMETHING,
    at_least,
    either,
    every,
    has,
)

CACHE_BLOCK = 16  # tokens in a block of a prefix cache


@check(
    "usage.present",
    "A non-streamed reply MUST contain usage with the three counters.",
    source=OPENAI_USAGE,
    sends=SUM_WHOLE,
    every=Scope.WHOLE,
)
@decided(has(usage=has(**dict.fromkeys(COUNTERS, ANYTHING))))
def present(exchange: Exchange) -> Findings:
    missing = [name for name in COUNTERS if name not in exchange.usage]
    if missing:
        yield Finding(
            "the usage is incomplete",
            expected=", ".join(COUNTERS),
            actual=shorten(exchange.usage) if exchange.usage else "no usage",
            at=usage_location(exchange),
        )


@fault(breaks=present, also=("schema.response",))
def usage_dropped(reply: Reply) -> Reply:
    """A gateway rebuilds the response and omits the usage."""
    return reply if reply.streamed else reply.change(_without_usage)


def _without_usage(value: Json) -> Json:
    if not isinstance(value, dict) or "usage" not in value:
        return value
    kept = {name: entry for name, entry in value.items() if name != "usage"}
    return kept if kept.get("choices") else None


@check(
    "usage.present-in-stream",
    "A stream MUST contain requested usage with the three counters.",
    source=OPENAI_STREAM,
    sends=SUM,
    needs=STREAMED_USAGE,
    every=Scope.STREAMS,
)
@decided(has(usage=has(**dict.fromkeys(COUNTERS, ANYTHING))), when=requested_usage)
def present_in_stream(exchange: Exchange) -> Findings:
    require_requested_usage(exchange)
    missing = [name for name in COUNTERS if name not in exchange.usage]
    if missing:
        yield Finding(
            "the usage in the stream is incomplete",
            expected=", ".join(COUNTERS),
            actual=shorten(exchange.usage) if exchange.usage else "no usage",
            at=usage_location(exchange),
        )


@fault(breaks=present_in_stream, also=("streaming.usage-comes-once",))
def stream_usage_dropped(reply: Reply) -> Reply:
    """A proxy forwards the text of a stream but drops its usage."""
    return reply.change(_without_usage) if reply.streamed else reply


@check(
    "usage.counts-are-natural",
    "Every counter in the usage MUST be a non-negative integer.",
    source=OPENAI_USAGE,
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_USAGE,
    every=Scope.ANSWERS,
)
@decided(
    has(
        usage={"properties": dict.fromkeys(COUNTERS, at_least(0))},
        usages=has(fractions=False),
    ),
    when=has(usage=either(*(has(**{name: ANYTHING}) for name in COUNTERS))),
)
def counts_are_natural(exchange: Exchange) -> Findings:
    names = [name for name in COUNTERS if name in exchange.usage]
    if not names:
        raise NotApplicable("the reply has no usage")
    for name in names:
        number = exchange.count(name)
        if number is None or number < 0:
            yield Finding(
                f"{name} is not a non-negative integer",
                expected="an integer of 0 or more",
                actual=shorten(spell(exchange.usage[name])),
                at=usage_location(exchange),
            )


@fault(breaks=counts_are_natural, also=("schema.response", "schema.event"))
def counts_as_text(reply: Reply) -> Reply:
    """A gateway serialises the counters as strings."""

    def to_text(usage: dict[str, Json]) -> None:
        for name in COUNTERS:
            if isinstance(usage.get(name), int):
                usage[name] = str(usage[name])

    return rewrite_usage(reply, to_text)


@check(
    "usage.sums-up",
    "The total_tokens MUST be the sum of prompt_tokens and completion_tokens.",
    source=OPENAI_USAGE,
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_USAGE,
    every=Scope.ANSWERS,
)
@decided(has(usages=has(surplus=0)), when=has(usages=has(surplus=INTEGER)))
def sums_up(exchange: Exchange) -> Findings:
    prompt, completion, total = (require_counter(exchange, name) for name in COUNTERS)
    if total != prompt + completion:
        yield Finding(
            "total_tokens is not the sum of the other counters",
            expected=f"{prompt} + {completion} = {prompt + completion}",
            actual=f"total_tokens {total}",
            at=usage_location(exchange),
        )


@fault(breaks=sums_up, also=("schema.rate-limit-headers",))
def total_without_prompt(reply: Reply) -> Reply:
    """The total contains the completion tokens but not the prompt tokens."""

    def drop_prompt(usage: dict[str, Json]) -> None:
        if "total_tokens" in usage:
            usage["total_tokens"] = usage.get("completion_tokens")

    return rewrite_usage(reply, drop_prompt)


@check(
    "usage.streamed-equals-whole",
    "A prompt MUST have the same prompt_tokens streamed and not streamed, and for any "
    "sampling.",
    source=OPENAI_STREAM,
    sends=(SUM, SUM_WHOLE),
    needs=STREAMED_USAGE,
    every=Scope.ANSWERS,
    across=True,
)
def streamed_equals_whole(*exchanges: Exchange) -> Findings:
    """Compares every prompt of the run that was sent more than once."""
    counts: dict[str, tuple[int, str]] = {}
    compared = False
    for exchange in exchanges:
        count, text = exchange.count("prompt_tokens"), prompt(exchange)
        if count is None:
            continue
        expected, first = counts.setdefault(text, (count, exchange.probe.name))
        compared = compared or exchange.probe.name != first
        if count != expected:
            form = "streamed" if exchange.probe.stream else "non-streamed"
            yield Finding(
                f"prompt_tokens of the {form} request differ from another's",
                expected=f"prompt_tokens {expected}, as for {first}",
                actual=f"prompt_tokens {count}",
                at=f"request {exchange.probe.name}, {usage_location(exchange)}",
            )
    if not compared:
        raise NotApplicable("no prompt was answered twice with prompt_tokens")


@fault(breaks=streamed_equals_whole, also=("isolation.own-prompt", "multimodal"))
def stream_counts_template_twice(reply: Reply) -> Reply:
    """The streaming code path applies the chat template twice and counts both."""
    if not reply.streamed:
        return reply
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "prompt_tokens", 5))


def _cached(usage: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield the cached tokens under each of the member names in use."""
    for place in ("prompt_tokens_details", "prompt_token_details"):
        if (number := details(usage, place).get("cached_tokens")) is not None:
            yield f"{place}.cached_tokens", number
    if (number := usage.get("num_cached_tokens")) is not None:
        yield "num_cached_tokens", number


@check(
    "usage.cached-within-prompt",
    "The number of cached tokens MUST NOT exceed prompt_tokens.",
    source=OPENAI_USAGE,
    sends=SUM_WHOLE,
    every=Scope.ANSWERS,
)
@decided(
    has(usages=has(cached=every(has(tokens=at_least(0), left=at_least(0))))),
    when=has(usage=has(prompt_tokens=INTEGER), usages=has(cached=SOMETHING)),
)
def cached_within_prompt(exchange: Exchange) -> Findings:
    prompt = require_counter(exchange, "prompt_tokens")
    cached = list(_cached(exchange.usage))
    if not cached:
        raise NotApplicable("the usage does not report cached tokens")
    for name, number in cached:
        if not isinstance(number, int) or not 0 <= number <= prompt:
            yield Finding(
                "the number of cached tokens exceeds the prompt",
                expected=f"{name} from 0 to {prompt}",
                actual=shorten(spell(number)),
                at=usage_location(exchange),
            )


@fault(breaks=cached_within_prompt)
def cache_counted_in_blocks(reply: Reply) -> Reply:
    """The cache counts whole blocks, including the partially filled last one."""

    def round_up_to_blocks(usage: dict[str, Json]) -> None:
        prompt = usage.get("prompt_tokens")
        if isinstance(prompt, int):
            parts = details(usage, "prompt_tokens_details")
            cached = (prompt // CACHE_BLOCK + 1) * CACHE_BLOCK
            usage["prompt_tokens_details"] = {**parts, "cached_tokens": cached}

    return rewrite_usage(reply, round_up_to_blocks)
