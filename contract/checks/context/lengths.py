"""That prompts up to the last token of the window are served, and read to the end."""

from __future__ import annotations

from contract.checks.context.prompt_length import (
    all_of_it,
    charged,
    overflow_refusal,
    set_prompt_tokens,
)
from contract.checks.context.prompts import (
    BESIDE_IMAGE,
    LAST_BUT_ONE,
    MANY_TURNS,
    PROMPT_1K,
    PROMPT_8K,
    PROMPT_40K,
    TOOL_RESULT,
)
from contract.checks.judging.usage import counted
from contract.checks.sources import (
    MODEL_CARD,
    OLLAMA,
)
from contract.model.chat import Image
from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.tokens import padding


@check(
    "context.serves-1k",
    "A prompt of 1,000 tokens MUST be served and counted to the token.",
    source=OLLAMA,
    sends=PROMPT_1K,
)
def serves_1k(exchange: Exchange) -> Findings:
    yield from all_of_it(exchange)


@fault(
    breaks=serves_1k,
    also=("context", "multimodal", "usage", "schema.rate-limit-headers"),
)
def window_of_768(reply: Reply) -> Reply:
    """A proxy keeps the last 768 tokens of a prompt, and the rest goes nowhere."""
    return set_prompt_tokens(reply, 768) if charged(reply) > 768 else reply  # noqa: PLR2004  # in its name


@check(
    "context.counts-every-word",
    "A text that is 500 words longer MUST cost at least 500 prompt_tokens more.",
    source=OLLAMA,
    sends=padding.CALIBRATION_REQUESTS,
)
def counts_every_word(short: Exchange, long: Exchange) -> Findings:
    """No tokenizer makes one token of two words; these are one each in Tekken."""
    more = counted(long, "prompt_tokens") - counted(short, "prompt_tokens")
    if more < padding.ADDED:
        yield Finding(
            "words disappear from a short prompt",
            expected=f"at least {padding.ADDED} prompt_tokens more",
            actual=f"{more} more",
            at=f"request {long.probe.name} after {short.probe.name}",
        )


@fault(
    breaks=counts_every_word,
    also=("context", "multimodal", "usage", "schema.rate-limit-headers"),
)
def window_of_512(reply: Reply) -> Reply:
    """The server was started with a tiny window and cuts prompts without a word."""
    return set_prompt_tokens(reply, 512) if charged(reply) > 512 else reply  # noqa: PLR2004  # in its name


@check(
    "context.serves-8k",
    "A prompt of 8,000 tokens MUST be served and counted to the token.",
    source=OLLAMA,
    sends=PROMPT_8K,
)
def serves_8k(exchange: Exchange) -> Findings:
    yield from all_of_it(exchange)


@fault(breaks=serves_8k, also=("context", "schema.rate-limit-headers"))
def window_of_4096(reply: Reply) -> Reply:
    """A default window of 4,096 tokens cuts longer prompts without a word."""
    return set_prompt_tokens(reply, 4_096) if charged(reply) > 4_096 else reply  # noqa: PLR2004  # in its name


@check(
    "context.serves-40k",
    "A prompt of 40,960 tokens MUST be served and counted to the token.",
    source=MODEL_CARD,
    sends=PROMPT_40K,
    slow=True,
)
def serves_40k(exchange: Exchange) -> Findings:
    """The model card recommends prompts up to 40k of the 128k."""
    yield from all_of_it(exchange)


@fault(breaks=serves_40k, also=("context",))
def window_of_32768(reply: Reply) -> Reply:
    """The server was started with a quarter of the window that is promised."""
    prompt = charged(reply)
    return overflow_refusal(reply, prompt, 32_768) if prompt >= 32_768 else reply  # noqa: PLR2004  # in its name


@check(
    "context.serves-the-window",
    "A prompt one token shorter than the context window MUST be served.",
    source=f"{MODEL_CARD}; vllm-project/vllm#40302",
    sends=LAST_BUT_ONE,
    slow=True,
)
def serves_the_window(exchange: Exchange) -> Findings:
    """One token is left to generate, so the reply ends with length."""
    yield from all_of_it(exchange)


@fault(breaks=serves_the_window, also=("context",))
def cache_smaller_than_window(reply: Reply) -> Reply:
    """The memory for keys and values holds less than the window that is listed."""
    prompt, most = charged(reply), 45_000
    return overflow_refusal(reply, prompt, most) if prompt >= most else reply


@check(
    "context.reads-many-turns",
    "A conversation of 1,000 messages MUST be served and counted in full.",
    source=OLLAMA,
    sends=MANY_TURNS,
)
def reads_many_turns(exchange: Exchange) -> Findings:
    yield from all_of_it(exchange, roughly=True)


@fault(breaks=reads_many_turns, also=("context", "schema.rate-limit-headers"))
def last_hundred_turns(reply: Reply) -> Reply:
    """A gateway passes on the last hundred messages of a conversation."""
    turns = len(reply.probe.messages) if reply.probe is not None else 0
    if turns <= 100:  # noqa: PLR2004  # in its name
        return reply
    return set_prompt_tokens(reply, charged(reply) * 100 // turns)


@check(
    "context.reads-tool-results",
    "A long tool result MUST be read in full.",
    source=OLLAMA,
    sends=TOOL_RESULT,
    needs={Capability.TOOLS},
)
def reads_tool_results(exchange: Exchange) -> Findings:
    yield from all_of_it(exchange, roughly=True)


@fault(breaks=reads_tool_results, also=("schema.rate-limit-headers",))
def tool_result_clipped(reply: Reply) -> Reply:
    """A framework clips tool results to a few hundred characters."""
    asked = reply.probe.messages if reply.probe is not None else ()
    long = any(m.role == "tool" and len(m.text) > 2_000 for m in asked)  # noqa: PLR2004  # some hundred tokens
    return set_prompt_tokens(reply, charged(reply) // 4) if long else reply


@check(
    "context.reads-text-beside-images",
    "Long text before and after an image MUST be read in full.",
    source=OLLAMA,
    sends=BESIDE_IMAGE,
    needs={Capability.VISION},
)
def reads_text_beside_images(exchange: Exchange) -> Findings:
    yield from all_of_it(exchange, roughly=True)


@fault(breaks=reads_text_beside_images, also=("schema.rate-limit-headers",))
def text_after_image_lost(reply: Reply) -> Reply:
    """A template takes the first text of a message with an image, and no other."""
    for message in reply.probe.messages if reply.probe is not None else ():
        parts = message.parts
        if any(isinstance(part, Image) for part in parts) and len(message.text) > 2_000:  # noqa: PLR2004  # not the short ones of other families
            return set_prompt_tokens(reply, charged(reply) // 2)
    return reply
