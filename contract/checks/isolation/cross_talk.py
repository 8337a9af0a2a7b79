"""Cross-talk checks: each concurrent request gets its own answer."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.requests import (
    DOUBLE_TWIN,
    ONE_TOKEN,
    STREAMED_TWIN,
    WHOLE_TWIN,
)
from contract.checks.faults.usage import add_tokens
from contract.checks.isolation.reply_identity import to_one_of
from contract.checks.judging.usage import require_counter
from contract.model.chat import Json, Options
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.dialect import Answer, Head, Usage
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import CUT_WHOLE, user
from contract.model.profile import Capability
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.model.rewrite import decode_reply, rewrite_usage
from contract.tokens import counting

OPENAI_COMPLETION = "OpenAI API reference, chat completion"


def _marked_prompt(words: int, *, stream: bool) -> Probe:
    """Return a request that is identified by its prompt length of *words* words."""
    return Probe(
        name=f"canary-of-{words}",
        messages=(user(f"Read this.{counting.filler(words)}"),),
        options=Options(max_tokens=4, temperature=0.0, seed=7),
        stream=stream,
    )


MARKED_PROMPTS = tuple(
    _marked_prompt(words, stream=bool(number % 2))
    for number, words in enumerate((5, 89, 13, 144, 34, 55))
)
# Some of them as streams of many chunks, which also differ in their ids.
MARKED_STREAMS = tuple(
    replace(
        _marked_prompt(words, stream=True),
        name=f"long-canary-of-{words}",
        options=Options(max_tokens=24, temperature=0.0, seed=7),
    )
    for words in (8, 55, 21)
)
MARKED_AT_ONCE = (*MARKED_STREAMS, *MARKED_PROMPTS[:2])
_COUNT = Probe(
    name="limit",
    messages=(user("Count from one to one hundred, in words."),),
    options=Options(temperature=0.0, seed=7),
)
LIMITED = tuple(
    replace(
        _COUNT,
        name=f"limit-of-{limit}",
        options=replace(_COUNT.options, max_tokens=limit),
    )
    for limit in (3, 6, 2, 5)
)


@check(
    "isolation.own-prompt",
    "Each of several concurrent requests MUST be answered for its own prompt.",
    source=f"{OPENAI_COMPLETION}, usage.prompt_tokens: tokens in the prompt",
    sends=MARKED_PROMPTS,
    needs={Capability.STREAMING, Capability.STREAM_USAGE},
    combined=Combined(sends=MARKED_AT_ONCE, needs=frozenset({Capability.EXACT_TOKENS})),
)
def own_prompt(*exchanges: Exchange) -> Findings:
    """
    Prompts are distinguished by length, so the model need not follow any instruction.

    Servers that count like Tekken must report the exact number; with others, a
    longer prompt must cost more than a shorter one.
    """
    exact = all(Capability.EXACT_TOKENS in x.profile.offers for x in exchanges)
    ranked = sorted(exchanges, key=lambda x: len(x.probe.messages[-1].text))
    previous = 0
    for exchange in ranked:
        actual = require_counter(exchange, "prompt_tokens")
        prepared = exchange.profile.dialect.prepare(exchange.probe)
        expected = counting.prompt(prepared) if exact else previous + 1
        if actual != expected and (exact or actual < expected):
            yield Finding(
                "prompt_tokens does not match the prompt of this request",
                expected=f"prompt_tokens {expected}" + ("" if exact else " or more"),
                actual=f"prompt_tokens {actual}",
                at=exchange.probe.name,
            )
        previous = actual


@fault(breaks=own_prompt)
def batch_counted_as_its_longest(reply: Reply) -> Reply:
    """Prompts of a batch are padded to the same length, and the padding is counted."""
    if not to_one_of(reply, (*MARKED_PROMPTS, *MARKED_STREAMS)):
        return reply
    longest = max(MARKED_PROMPTS, key=lambda probe: len(probe.messages[-1].text))
    length = counting.prompt(reply.dialect.prepare(longest))

    def pad(usage: dict[str, Json]) -> None:
        reported = usage.get("prompt_tokens")
        if isinstance(reported, int):
            add_tokens(usage, "prompt_tokens", length - reported)

    return rewrite_usage(reply, pad)


@check(
    "isolation.own-limit",
    "The same prompt with a different max_tokens MUST get its own answer.",
    source=f"{OPENAI_COMPLETION}, max_tokens",
    sends=LIMITED,
    # One prompt with the limits 3 and 1, which other checks send as well.
    combined=Combined(sends=(CUT_WHOLE, ONE_TOKEN)),
)
def own_limit(*exchanges: Exchange) -> Findings:
    """A cache keyed by the prompt alone returns the first answer to every request."""
    truncated = [exchange for exchange in exchanges if exchange.finish == "length"]
    if len(truncated) < 2:  # noqa: PLR2004  # a pair is needed for a comparison
        raise NotApplicable("fewer than two answers reached their max_tokens")
    for exchange in truncated:
        tokens = require_counter(exchange, "completion_tokens")
        limit = exchange.probe.options.max_tokens
        if tokens != limit:
            yield Finding(
                "the answer was cut at a limit other than its max_tokens",
                expected=f"completion_tokens {limit}, its max_tokens",
                actual=f"completion_tokens {tokens}",
                at=exchange.probe.name,
            )


@fault(breaks=own_limit)
def cache_blind_to_the_limit(reply: Reply) -> Reply:
    """A cache keyed by the prompt alone returns its first answer for any max_tokens."""
    several = reply.probe is not None and (reply.probe.options.n or 1) > 1
    if reply.streamed or several or not to_one_of(reply, (*LIMITED, CUT_WHOLE)):
        return reply
    first = LIMITED[0].options.max_tokens or 0

    def cache(usage: dict[str, Json]) -> None:
        reported = usage.get("completion_tokens")
        if isinstance(reported, int):
            add_tokens(usage, "completion_tokens", first - reported)

    return rewrite_usage(reply, cache)


@check(
    "isolation.own-form",
    "The same prompt sent with and without stream MUST be answered in each form.",
    source=f"{OPENAI_COMPLETION}, stream",
    sends=(WHOLE_TWIN, STREAMED_TWIN),
    needs={Capability.STREAMING},
)
def own_form(whole: Exchange, streamed: Exchange) -> Findings:
    for exchange, expected in ((whole, False), (streamed, True)):
        if exchange.streamed is not expected:
            yield Finding(
                "the answer has the form requested by another request",
                expected="an event stream" if expected else "one JSON body",
                actual=exchange.media_type or "no content type",
                at=exchange.probe.name,
            )


@fault(breaks=own_form)
def cache_blind_to_stream(reply: Reply) -> Reply:
    """The cache key leaves out stream, so a streaming request gets a whole body."""
    if not reply.streamed or not to_one_of(reply, (WHOLE_TWIN,)):
        return reply
    pieces = decode_reply(reply).pieces
    head = Head("chatcmpl-cached", 1_758_000_000, "cached")
    body = reply.dialect.completion(head, (Answer(pieces, "length"),), Usage(9, 8))
    at = reply.frames[-1].at if reply.frames else 0.0
    return reply.with_header(*JSON_TYPE).with_frames((Frame(at, encode_json(body)),))


@check(
    "isolation.own-choices",
    "The same prompt with a different n MUST get the number of choices requested.",
    source=f"{OPENAI_COMPLETION}, n",
    sends=(WHOLE_TWIN, DOUBLE_TWIN),
    needs={Capability.CHOICES},
)
def own_choices(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        expected = exchange.probe.options.n or 1
        if len(exchange.finishes) != expected:
            yield Finding(
                "the answer has the wrong number of choices",
                expected=f"choices {list(range(expected))}",
                actual=f"choices {sorted(exchange.finishes)}",
                at=exchange.probe.name,
            )


@fault(breaks=own_choices)
def cache_blind_to_n(reply: Reply) -> Reply:
    """The cache key leaves out n, so every request gets one choice."""
    if reply.streamed or not to_one_of(reply, (DOUBLE_TWIN,)):
        return reply

    def first(value: Json) -> Json:
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            choices = value["choices"]
            value["choices"] = choices[:1] if isinstance(choices, list) else []
        return value

    return reply.change(first)
