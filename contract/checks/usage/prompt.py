"""That prompt_tokens count the prompt that was sent, and all of it."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.usage import add_tokens
from contract.checks.judging.prompt_tokens import (
    exactly_counted,
    prompt_of,
)
from contract.checks.judging.usage import (
    EXACT,
    counted,
    usage_location,
)
from contract.checks.sources import (
    MISTRAL_TOKENS,
    VLLM_SERVER,
)
from contract.model.chat import (
    Json,
    Message,
    Options,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    SUM_WHOLE,
    UTF8_WHOLE,
    user,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.model.think import (
    CLOSE,
    MARKERS,
)
from contract.tokens import counting

_OPENING = "Here is a list of words."


_QUESTION = "Say how it feels to read it."


LIST = Probe(
    name="list",
    messages=(user(f"{_OPENING} {_QUESTION}"),),
    options=Options(max_tokens=8, temperature=0.0, seed=7),
)


ADDED = 200  # tokens


LONGER_LIST = replace(
    LIST,
    name="longer-list",
    messages=(user(f"{_OPENING}{counting.filler(ADDED)}. {_QUESTION}"),),
)


TYPED_CONTROL = replace(
    LIST,
    name="typed-control-tokens",
    messages=(user("What do [THINK], [/THINK], [INST] and [/INST] mean in a prompt?"),),
)


TOKENIZE = Probe(name="tokenize", messages=SUM_WHOLE.messages, path="/tokenize")


@check(
    "usage.exact-prompt-tokens",
    "The prompt_tokens MUST equal what the model's own tokenizer counts.",
    source=MISTRAL_TOKENS,
    sends=(SUM_WHOLE, UTF8_WHOLE),
    needs=EXACT,
)
def exact_prompt_tokens(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from exactly_counted(exchange)


@fault(
    breaks=exact_prompt_tokens,
    also=(
        "isolation.own-prompt",
        "usage.agrees-with-tokenize",
        "schema.rate-limit-headers",
        "tools",
        "context",
        "multimodal",
    ),
)
def first_token_counted_twice(reply: Reply) -> Reply:
    """Template and tokenizer both add <s>, and the prompt is one token longer."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if typed(asked):
        return reply
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "prompt_tokens", 1))


def typed(messages: tuple[Message, ...]) -> int:
    """How many control markers the user typed."""
    return sum(
        message.text.count(marker)
        for message in messages
        if message.role == "user"
        for marker in MARKERS
    )


@check(
    "usage.typed-markers-are-text",
    "Control markers that a user types MUST be counted as the text they are.",
    source=MISTRAL_TOKENS,
    sends=TYPED_CONTROL,
    needs=EXACT,
)
def typed_markers_are_text(exchange: Exchange) -> Findings:
    """
    A marker as text is several tokens, as a control token it is one.

    A provider that counts one has let a user write what only the template may.
    """
    yield from exactly_counted(exchange)


@fault(breaks=typed_markers_are_text)
def typed_markers_obeyed(reply: Reply) -> Reply:
    """The tokenizer turns [INST] typed by a user into the control token (llama.cpp)."""
    asked = reply.probe.messages if reply.probe is not None else ()
    saved = typed(asked) * (counting.text(CLOSE) - 1)
    if not saved:
        return reply
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "prompt_tokens", -saved)
    )


@check(
    "usage.agrees-with-tokenize",
    "The prompt_tokens MUST equal what /tokenize counts for the same messages.",
    source=VLLM_SERVER,
    sends=(SUM_WHOLE, TOKENIZE),
    needs={Capability.TOKENIZE},
)
def agrees_with_tokenize(reply: Exchange, tokenized: Exchange) -> Findings:
    told = tokenized.json.get("count") if isinstance(tokenized.json, dict) else None
    charged = counted(reply, "prompt_tokens")
    if told != charged:
        yield Finding(
            "/tokenize and the usage disagree",
            expected=f"count {charged}, the prompt_tokens of the reply",
            actual=f"count {told}",
            at="/count",
        )


@fault(breaks=agrees_with_tokenize)
def tokenize_forgets_a_token(reply: Reply) -> Reply:
    """/tokenize leaves out <s>, which the model's prompt has."""

    def shortened(value: Json) -> Json:
        if isinstance(value, dict) and isinstance(value.get("count"), int):
            listed = value.get("tokens")
            rest = {"tokens": listed[1:]} if isinstance(listed, list) else {}
            return {**value, "count": int(str(value["count"])) - 1, **rest}
        return value

    return reply.change(shortened) if reply.request.path == TOKENIZE.path else reply


@check(
    "usage.grows-with-prompt",
    "A longer prompt MUST cost as many more prompt_tokens as it has more tokens.",
    source="0xPlaygrounds/rig#2331",
    sends=(LIST, LONGER_LIST),
)
def grows_with_prompt(short: Exchange, longer: Exchange) -> Findings:
    """Without exact counts, more is enough: another tokenizer, other numbers."""
    grown = counted(longer, "prompt_tokens") - counted(short, "prompt_tokens")
    exact = Capability.EXACT_TOKENS in short.profile.offers
    added = prompt_of(longer) - prompt_of(short) if exact else 1
    if grown != added and (exact or grown < added):
        yield Finding(
            "the count does not grow with the prompt",
            expected=f"{added} more prompt_tokens" + ("" if exact else " at least"),
            actual=f"{grown} more",
            at=usage_location(longer),
        )


@fault(
    breaks=grows_with_prompt,
    also=(
        "isolation.own-prompt",
        "context",
    ),
)
def long_prompt_cut_silently(reply: Reply) -> Reply:
    """What exceeds a small window is cut off, and only the rest is counted."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if sum(len(message.text) for message in asked if message.role == "user") < ADDED:
        return reply

    def cut(usage: dict[str, Json]) -> None:
        prompt = usage.get("prompt_tokens")
        if isinstance(prompt, int):
            add_tokens(usage, "prompt_tokens", 1 - prompt)

    return rewrite_usage(reply, cut)
