"""Prompt length checks: prompts up to the full window are served and read in full."""

from __future__ import annotations

from contract.checks.context.prompt_length import (
    LONG_TEXT,
    fully_counted,
    overflow_rejection,
    reported_prompt_tokens,
    set_prompt_tokens,
)
from contract.checks.context.prompts import (
    BESIDE_IMAGE,
    IN_PARTS,
    LAST_BUT_ONE,
    MANY_TURNS,
    PROMPT_1K,
    PROMPT_8K,
    PROMPT_40K,
    TOOL_RESULT,
)
from contract.checks.judging.usage import EXACT_TOKENS, require_counter
from contract.checks.sources import MODEL_CARD, OLLAMA
from contract.model.chat import Image
from contract.model.check import Combined, Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.tokens import padding

KEPT_MESSAGES = 100


def _truncated(reply: Reply, window: int) -> Reply:
    """Return *reply* as if only the last *window* tokens of the prompt were read."""
    if reported_prompt_tokens(reply) <= window:
        return reply
    return set_prompt_tokens(reply, window)


def _rejected_from(reply: Reply, window: int) -> Reply:
    """Return *reply* as the rejection of prompts of at least *window* tokens."""
    prompt = reported_prompt_tokens(reply)
    return overflow_rejection(reply, prompt, window) if prompt >= window else reply


@check(
    "context.serves-1k",
    "A prompt of 1,000 tokens MUST be served and counted to the token.",
    source=OLLAMA,
    sends=PROMPT_1K,
)
def serves_1k(exchange: Exchange) -> Findings:
    yield from fully_counted(exchange)


@fault(
    breaks=serves_1k,
    also=("context", "multimodal", "usage", "schema.rate-limit-headers"),
)
def window_of_768(reply: Reply) -> Reply:
    """A proxy keeps only the last 768 tokens of a prompt and drops the rest."""
    return _truncated(reply, 768)


def _counted(exchange: Exchange) -> Findings:
    yield from fully_counted(exchange)


@check(
    "context.counts-every-word",
    "A prompt with 500 more words MUST cost at least 500 more prompt_tokens.",
    source=OLLAMA,
    sends=padding.CALIBRATION_REQUESTS,
    combined=Combined(sends=(PROMPT_1K,), judge=_counted, needs=EXACT_TOKENS),
)
def counts_every_word(short: Exchange, long: Exchange) -> Findings:
    """No tokenizer merges two words into one token; in Tekken each word here is one."""
    more = require_counter(long, "prompt_tokens") - require_counter(
        short, "prompt_tokens"
    )
    if more < padding.CALIBRATION_WORDS:
        yield Finding(
            "part of a short prompt is not counted",
            expected=f"at least {padding.CALIBRATION_WORDS} more prompt_tokens",
            actual=f"{more} more",
            at=f"request {long.probe.name} after {short.probe.name}",
        )


@fault(
    breaks=counts_every_word,
    also=("context", "multimodal", "usage", "schema.rate-limit-headers"),
)
def window_of_512(reply: Reply) -> Reply:
    """The server was started with a tiny window and silently truncates prompts."""
    return _truncated(reply, 512)


# Text of a message, beside an image, and of a tool result: 8,000 tokens in all.
EIGHT_THOUSAND = Combined(
    sends=(IN_PARTS,),
    judge=_counted,
    needs=EXACT_TOKENS | {Capability.EXACT_IMAGES, Capability.VISION, Capability.TOOLS},
)


@check(
    "context.serves-8k",
    "A prompt of 8,000 tokens MUST be served and counted to the token.",
    source=OLLAMA,
    sends=PROMPT_8K,
    combined=EIGHT_THOUSAND,
)
def serves_8k(exchange: Exchange) -> Findings:
    yield from fully_counted(exchange)


@fault(breaks=serves_8k, also=("context", "schema.rate-limit-headers"))
def window_of_4096(reply: Reply) -> Reply:
    """A default window of 4,096 tokens silently truncates longer prompts."""
    return _truncated(reply, 4_096)


@check(
    "context.serves-40k",
    "A prompt of 40,960 tokens MUST be served and counted to the token.",
    source=MODEL_CARD,
    sends=PROMPT_40K,
    slow=True,
)
def serves_40k(exchange: Exchange) -> Findings:
    """The model card recommends prompts of up to 40k of the 128k tokens."""
    yield from fully_counted(exchange)


@fault(breaks=serves_40k, also=("context",))
def window_of_32768(reply: Reply) -> Reply:
    """The server was started with a quarter of the promised context window."""
    return _rejected_from(reply, 32_768)


@check(
    "context.serves-the-window",
    "A prompt one token shorter than the context window MUST be served.",
    source=f"{MODEL_CARD}; vllm-project/vllm#40302",
    sends=LAST_BUT_ONE,
    slow=True,
)
def serves_the_window(exchange: Exchange) -> Findings:
    """One token is left for the completion, so the finish reason is "length"."""
    yield from fully_counted(exchange)


@fault(breaks=serves_the_window, also=("context",))
def cache_smaller_than_window(reply: Reply) -> Reply:
    """The KV cache holds fewer tokens than the advertised context window."""
    return _rejected_from(reply, 45_000)


@check(
    "context.reads-many-turns",
    "A conversation of 1,000 messages MUST be served and counted in full.",
    source=OLLAMA,
    sends=MANY_TURNS,
)
def reads_many_turns(exchange: Exchange) -> Findings:
    yield from fully_counted(exchange, tolerant=True)


@fault(breaks=reads_many_turns, also=("context", "schema.rate-limit-headers"))
def last_hundred_turns(reply: Reply) -> Reply:
    """A gateway forwards only the last hundred messages of a conversation."""
    messages = len(reply.probe.messages) if reply.probe is not None else 0
    if messages <= KEPT_MESSAGES:
        return reply
    kept = reported_prompt_tokens(reply) * KEPT_MESSAGES // messages
    return set_prompt_tokens(reply, kept)


@check(
    "context.reads-tool-results",
    "A long tool result MUST be read in full.",
    source=OLLAMA,
    sends=TOOL_RESULT,
    needs={Capability.TOOLS},
    combined=EIGHT_THOUSAND,
)
def reads_tool_results(exchange: Exchange) -> Findings:
    yield from fully_counted(exchange, tolerant=True)


@fault(breaks=reads_tool_results, also=("schema.rate-limit-headers",))
def tool_result_clipped(reply: Reply) -> Reply:
    """A framework clips tool results to a few hundred characters."""
    sent = reply.probe.messages if reply.probe is not None else ()
    if not any(m.role == "tool" and len(m.text) > LONG_TEXT for m in sent):
        return reply
    return set_prompt_tokens(reply, reported_prompt_tokens(reply) // 4)


@check(
    "context.reads-text-beside-images",
    "Long text before and after an image MUST be read in full.",
    source=OLLAMA,
    sends=BESIDE_IMAGE,
    needs={Capability.VISION},
    combined=EIGHT_THOUSAND,
)
def reads_text_beside_images(exchange: Exchange) -> Findings:
    yield from fully_counted(exchange, tolerant=True)


@fault(breaks=reads_text_beside_images, also=("schema.rate-limit-headers",))
def text_after_image_lost(reply: Reply) -> Reply:
    """A template reads only the first text part of a message that has an image."""
    for message in reply.probe.messages if reply.probe is not None else ():
        has_image = any(isinstance(part, Image) for part in message.parts)
        if has_image and len(message.text) > LONG_TEXT:
            return set_prompt_tokens(reply, reported_prompt_tokens(reply) // 2)
    return reply
