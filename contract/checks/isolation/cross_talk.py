"""Requests sent together: each gets the answer to what it asked, and no other."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.usage import add_tokens
from contract.checks.isolation.reply_identity import to_one_of
from contract.checks.judging.usage import counted
from contract.model.chat import (
    Json,
    Options,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.dialect import (
    Answer,
    Head,
    Usage,
)
from contract.model.exchange import Exchange
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
    encode_json,
)
from contract.model.rewrite import (
    decode_reply,
    rewrite_usage,
)
from contract.tokens import counting

HOUSE = "OpenAI API reference, chat completion"


def _canary(words: int, *, stream: bool) -> Probe:
    """A prompt that is known by its length; every engine says how long it was."""
    return Probe(
        name=f"canary-of-{words}",
        messages=(user(f"Read this.{counting.filler(words)}"),),
        options=Options(max_tokens=4, temperature=0.0, seed=7),
        stream=stream,
    )


CANARIES = tuple(
    _canary(words, stream=bool(number % 2))
    for number, words in enumerate((5, 89, 13, 144, 34, 55))
)
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
_TWIN = Probe(
    name="twin",
    messages=(user("Name three rivers."),),
    options=Options(max_tokens=8, temperature=0.7, seed=7),
)
WHOLE_TWIN = replace(_TWIN, name="whole-twin")
STREAMED_TWIN = replace(_TWIN, name="streamed-twin", stream=True)
DOUBLE_TWIN = replace(_TWIN, name="double-twin", options=replace(_TWIN.options, n=2))


@check(
    "isolation.own-prompt",
    "Each of several requests sent together MUST be answered as to its own prompt.",
    source=f"{HOUSE}, usage.prompt_tokens: tokens in the prompt",
    sends=CANARIES,
    needs={Capability.STREAMING, Capability.STREAM_USAGE},
)
def own_prompt(*exchanges: Exchange) -> Findings:
    """
    The canary is the length of the prompt: no model has to obey for it to sing.

    Where prompts are counted as Tekken counts them the number is known; elsewhere
    a longer prompt must cost more than a shorter one.
    """
    exact = all(Capability.EXACT_TOKENS in x.profile.offers for x in exchanges)
    ranked = sorted(exchanges, key=lambda x: len(x.probe.messages[-1].text))
    before = 0
    for exchange in ranked:
        told = counted(exchange, "prompt_tokens")
        prepared = exchange.profile.dialect.prepare(exchange.probe)
        wanted = counting.prompt(prepared) if exact else before + 1
        if told != wanted and (exact or told < wanted):
            yield Finding(
                f"{exchange.probe.name} was answered as if it were another request",
                expected=f"prompt_tokens {wanted}" + ("" if exact else " or more"),
                actual=f"prompt_tokens {told}",
                at=exchange.probe.name,
            )
        before = told


@fault(breaks=own_prompt)
def batch_counted_as_its_longest(reply: Reply) -> Reply:
    """Prompts of a batch are padded to one length, and the padding is counted."""
    if not to_one_of(reply, CANARIES):
        return reply
    longest = max(CANARIES, key=lambda probe: len(probe.messages[-1].text))
    length = counting.prompt(reply.dialect.prepare(longest))

    def pad(usage: dict[str, Json]) -> None:
        told = usage.get("prompt_tokens")
        if isinstance(told, int):
            add_tokens(usage, "prompt_tokens", length - told)

    return rewrite_usage(reply, pad)


@check(
    "isolation.own-limit",
    "The same prompt with another max_tokens MUST get an answer of its own.",
    source=f"{HOUSE}, max_tokens",
    sends=LIMITED,
)
def own_limit(*exchanges: Exchange) -> Findings:
    """A cache whose key is the prompt alone serves the first answer to everybody."""
    cut = [exchange for exchange in exchanges if exchange.finish == "length"]
    if len(cut) < 2:  # noqa: PLR2004  # one answer cannot be another's
        raise NotApplicable("fewer than two of the answers were cut by their limit")
    for exchange in cut:
        told = counted(exchange, "completion_tokens")
        limit = exchange.probe.options.max_tokens
        if told != limit:
            yield Finding(
                "an answer was cut at the limit of another request",
                expected=f"completion_tokens {limit}, its max_tokens",
                actual=f"completion_tokens {told}",
                at=exchange.probe.name,
            )


@fault(breaks=own_limit)
def cache_blind_to_the_limit(reply: Reply) -> Reply:
    """The key of a cache is the prompt, so the first answer is everybody's."""
    if not to_one_of(reply, LIMITED):
        return reply
    first = LIMITED[0].options.max_tokens or 0

    def kept(usage: dict[str, Json]) -> None:
        told = usage.get("completion_tokens")
        if isinstance(told, int):
            add_tokens(usage, "completion_tokens", first - told)

    return rewrite_usage(reply, kept)


@check(
    "isolation.own-form",
    "The same prompt asked for whole and as a stream MUST come back in each form.",
    source=f"{HOUSE}, stream",
    sends=(WHOLE_TWIN, STREAMED_TWIN),
    needs={Capability.STREAMING},
)
def own_form(whole: Exchange, streamed: Exchange) -> Findings:
    for exchange, wanted in ((whole, False), (streamed, True)):
        if exchange.streamed is not wanted:
            yield Finding(
                "the answer has the form that another request asked for",
                expected="an event stream" if wanted else "one JSON body",
                actual=exchange.media_type or "no content type",
                at=exchange.probe.name,
            )


@fault(breaks=own_form)
def cache_blind_to_stream(reply: Reply) -> Reply:
    """The key of a cache leaves out stream, so a stream gets the whole body."""
    if not reply.streamed or not to_one_of(reply, (WHOLE_TWIN,)):
        return reply
    pieces = decode_reply(reply).pieces
    head = Head("chatcmpl-cached", 1_758_000_000, "cached")
    body = reply.dialect.completion(head, (Answer(pieces, "length"),), Usage(9, 8))
    at = reply.frames[-1].at if reply.frames else 0.0
    return reply.with_header(*JSON_TYPE).with_frames((Frame(at, encode_json(body)),))


@check(
    "isolation.own-choices",
    "The same prompt with another n MUST get as many choices as it asked for.",
    source=f"{HOUSE}, n",
    sends=(WHOLE_TWIN, DOUBLE_TWIN),
    needs={Capability.CHOICES},
)
def own_choices(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        wanted = exchange.probe.options.n or 1
        if len(exchange.finishes) != wanted:
            yield Finding(
                "the answer has as many choices as another request asked for",
                expected=f"choices {list(range(wanted))}",
                actual=f"choices {sorted(exchange.finishes)}",
                at=exchange.probe.name,
            )


@fault(breaks=own_choices)
def cache_blind_to_n(reply: Reply) -> Reply:
    """The key of a cache leaves out n, so everybody gets one choice."""
    if reply.streamed or not to_one_of(reply, (DOUBLE_TWIN,)):
        return reply

    def first(value: Json) -> Json:
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            choices = value["choices"]
            value["choices"] = choices[:1] if isinstance(choices, list) else []
        return value

    return reply.change(first)
