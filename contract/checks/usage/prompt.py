"""Checks that prompt_tokens is the number of tokens of the whole prompt."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import EVERY_TEXT
from contract.checks.faults.usage import add_tokens
from contract.checks.judging.prompt_tokens import (
    expect_exact_count,
    tekken_prompt_tokens,
)
from contract.checks.judging.usage import EXACT_TOKENS, require_counter, usage_location
from contract.checks.sources import MISTRAL_RESPONSES, MISTRAL_TOKENS, VLLM_SERVER
from contract.model.chat import Json, Message, Options
from contract.model.check import Finding, Findings, check, fault, shorten
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import SUM_WHOLE, TOOL_WHOLE, UTF8_WHOLE, user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_usage
from contract.model.think import CLOSE, MARKERS
from contract.tokens import counting

_OPENING = "Here is a list of words."
_QUESTION = "Say how it feels to read it."
ADDED = 200  # tokens, by which LONGER_LIST is longer than LIST
LIST = Probe(
    name="list",
    messages=(user(f"{_OPENING} {_QUESTION}"),),
    options=Options(max_tokens=8, temperature=0.0, seed=7),
)
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
INPUT_TOKENS = "/v1/responses/input_tokens"
COUNTED = tuple(
    replace(one, name=f"count-of-{one.name}", path=INPUT_TOKENS)
    for one in (SUM_WHOLE, UTF8_WHOLE, TOOL_WHOLE)
)
TOKENIZE = Probe(name="tokenize", messages=SUM_WHOLE.messages, path="/tokenize")


@check(
    "usage.exact-prompt-tokens",
    "The prompt_tokens MUST equal the count of the model's own tokenizer.",
    source=MISTRAL_TOKENS,
    sends=(SUM_WHOLE, UTF8_WHOLE),
    needs=EXACT_TOKENS,
)
def exact_prompt_tokens(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from expect_exact_count(exchange)


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
    """Template and tokenizer both add <s>, so the prompt is one token longer."""
    if _typed_markers(_messages(reply)):
        return reply
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "prompt_tokens", 1))


def _messages(reply: Reply) -> tuple[Message, ...]:
    return reply.probe.messages if reply.probe is not None else ()


def _typed_markers(messages: tuple[Message, ...]) -> int:
    """Return the number of control markers in the text of user messages."""
    return sum(
        message.text.count(marker)
        for message in messages
        if message.role == "user"
        for marker in MARKERS
    )


@check(
    "usage.typed-markers-are-text",
    "Control markers in the text of a user MUST be counted as text.",
    source=MISTRAL_TOKENS,
    sends=TYPED_CONTROL,
    needs=EXACT_TOKENS,
    combined=exact_prompts(EVERY_TEXT),
)
def typed_markers_are_text(exchange: Exchange) -> Findings:
    """
    A marker is several tokens as text, but one as a control token.

    A count of one means that a user can inject control tokens, which only the template
    may write.
    """
    yield from expect_exact_count(exchange)


@fault(breaks=typed_markers_are_text)
def typed_markers_obeyed(reply: Reply) -> Reply:
    """The tokenizer reads [INST] in a user's text as the control token (llama.cpp)."""
    fewer = _typed_markers(_messages(reply)) * (counting.count_text(CLOSE) - 1)
    if not fewer:
        return reply
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "prompt_tokens", -fewer)
    )


@check(
    "usage.agrees-with-tokenize",
    "The prompt_tokens MUST equal the count of /tokenize for the same messages.",
    source=VLLM_SERVER,
    sends=(SUM_WHOLE, TOKENIZE),
    needs={Capability.TOKENIZE},
)
def agrees_with_tokenize(reply: Exchange, tokenized: Exchange) -> Findings:
    count = tokenized.json.get("count") if isinstance(tokenized.json, dict) else None
    prompt = require_counter(reply, "prompt_tokens")
    if count != prompt:
        yield Finding(
            "/tokenize and the usage disagree",
            expected=f"count {prompt}, the prompt_tokens of the reply",
            actual=f"count {count}",
            at="/count",
        )


@fault(breaks=agrees_with_tokenize)
def tokenize_forgets_a_token(reply: Reply) -> Reply:
    """/tokenize omits <s>, which is part of the prompt of the model."""

    def drop_first_token(value: Json) -> Json:
        if isinstance(value, dict) and isinstance(value.get("count"), int):
            listed = value.get("tokens")
            rest = {"tokens": listed[1:]} if isinstance(listed, list) else {}
            return {**value, "count": int(str(value["count"])) - 1, **rest}
        return value

    if reply.request.path != TOKENIZE.path:
        return reply
    return reply.change(drop_first_token)


@check(
    "usage.agrees-with-input-tokens",
    "The prompt_tokens MUST equal the input_tokens that are counted for the request.",
    source=f"{MISTRAL_RESPONSES}: input token counting; llama.cpp b11549",
    sends=(SUM_WHOLE, UTF8_WHOLE, TOOL_WHOLE, *COUNTED),
    needs={Capability.INPUT_TOKENS, Capability.TOOLS},
)
def agrees_with_input_tokens(*exchanges: Exchange) -> Findings:
    """The count generates nothing, so it is an oracle of prompts that costs nothing."""
    half = len(exchanges) // 2
    for reply, counted in zip(exchanges[:half], exchanges[half:], strict=True):
        body = counted.json
        count = body.get("input_tokens") if isinstance(body, dict) else None
        prompt = require_counter(reply, "prompt_tokens")
        if count != prompt:
            yield Finding(
                "the count of input tokens and the usage disagree",
                expected=f"input_tokens {prompt}, the prompt_tokens of the reply",
                actual=f"input_tokens {shorten(count)}",
                at=f"{reply.probe.name}, /input_tokens",
            )


def _miscounted(reply: Reply, by: int) -> Reply:
    def change(value: Json) -> Json:
        if isinstance(value, dict) and isinstance(value.get("input_tokens"), int):
            return {**value, "input_tokens": int(str(value["input_tokens"])) + by}
        return value

    return reply.change(change)


@fault(breaks=agrees_with_input_tokens)
def count_forgets_a_token(reply: Reply) -> Reply:
    """The endpoint counts the texts of a request and not <s>."""
    return _miscounted(reply, -1) if reply.request.path == INPUT_TOKENS else reply


@fault(breaks=agrees_with_input_tokens)
def count_forgets_the_tools(reply: Reply) -> Reply:
    """The endpoint counts the items of a request and not its tools."""
    tools = reply.request.path == INPUT_TOKENS and b'"tools"' in reply.request.body
    return _miscounted(reply, -40) if tools else reply


@check(
    "usage.grows-with-prompt",
    "The prompt_tokens MUST increase by the number of tokens added to a prompt.",
    source="0xPlaygrounds/rig#2331",
    sends=(LIST, LONGER_LIST),
    combined=exact_prompts(EVERY_TEXT),
)
def grows_with_prompt(short: Exchange, longer: Exchange) -> Findings:
    """If the tokenizer is unknown, any increase passes."""
    increase = require_counter(longer, "prompt_tokens") - require_counter(
        short, "prompt_tokens"
    )
    exact = Capability.EXACT_TOKENS in short.profile.offers
    added = tekken_prompt_tokens(longer) - tekken_prompt_tokens(short) if exact else 1
    if increase != added and (exact or increase < added):
        yield Finding(
            "prompt_tokens does not increase with the prompt",
            expected=("" if exact else "at least ") + f"{added} more prompt_tokens",
            actual=f"{increase} more",
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
    """A prompt that exceeds a small window is silently truncated and then counted."""
    users = (message for message in _messages(reply) if message.role == "user")
    if sum(len(message.text) for message in users) < ADDED:
        return reply

    def truncate(usage: dict[str, Json]) -> None:
        prompt = usage.get("prompt_tokens")
        if isinstance(prompt, int):
            add_tokens(usage, "prompt_tokens", 1 - prompt)

    return rewrite_usage(reply, truncate)
