"""Images combined with streaming, tools, system chunks, and reasoning."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.combined import ALL_FORMS, ALL_PLACES
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    ONE_IMAGE,
    QUESTION,
    VISION,
    add_prompt_tokens,
    chat,
    expect_exact_cost,
    extra_tokens,
    image_costs,
    sizes,
    square,
)
from contract.checks.multimodal.rejection import reject_image
from contract.checks.sources import VISION_GUIDE
from contract.model.chat import Message, Options, Piece, PieceKind, Text
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import MAX_TOKENS, WEATHER
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

STREAMED = replace(ONE_IMAGE, name="one-image-streamed", stream=True)
_TOOLS = Options(max_tokens=1, temperature=0.0, tools=(WEATHER,))
TOOLS = replace(NO_IMAGE, name="no-image-with-tools", options=_TOOLS)
TOOLS_AND_IMAGE = replace(ONE_IMAGE, name="image-with-tools", options=_TOOLS)
_SYSTEM = Message("system", (Text("You describe pictures."),))
SYSTEM = chat("no-image-with-system", _SYSTEM, *NO_IMAGE.messages)
SYSTEM_AND_IMAGE = chat("image-with-system", _SYSTEM, *ONE_IMAGE.messages)
REASONED = Probe(
    name="image-thought-about",
    messages=(Message("user", (QUESTION, square(112))),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
)


@check(
    "multimodal.streams-alike",
    "An image MUST cost the same in a streamed request as in a whole one.",
    source="0xPlaygrounds/rig#2331",
    sends=(ONE_IMAGE, STREAMED),
    needs=VISION | {Capability.STREAMING, Capability.STREAM_USAGE},
    combined=ALL_FORMS,
)
def streams_alike(whole: Exchange, streamed: Exchange) -> Findings:
    if difference := extra_tokens(whole, streamed):
        yield Finding(
            "streaming changes the cost of the image",
            expected="the prompt_tokens of the whole response",
            actual=f"{difference:+} prompt_tokens in the stream",
            at=usage_location(streamed),
        )


def _without_images(reply: Reply) -> Reply:
    """Return *reply* charged as if its request had no images."""
    return add_prompt_tokens(reply, -sum(image_costs(reply.dialect, reply.probe)))


@fault(breaks=streams_alike)
def stream_drops_images(reply: Reply) -> Reply:
    """The streaming route builds its prompt from the text parts only."""
    return _without_images(reply) if reply.streamed else reply


@check(
    "multimodal.counts-with-tools",
    "An image MUST be part of the prompt when tools are offered.",
    source=f"{VISION_GUIDE}; OpenAI API reference, tools",
    sends=(TOOLS, TOOLS_AND_IMAGE),
    needs=VISION | {Capability.TOOLS},
    combined=ALL_PLACES,
)
def counts_with_tools(text: Exchange, image: Exchange) -> Findings:
    yield from expect_exact_cost(text, image)


@fault(breaks=counts_with_tools, also=("multimodal.result-images-are-not-dropped",))
def tools_drop_images(reply: Reply) -> Reply:
    """The prompt template for tools predates images and drops them."""
    if reply.probe is None or not reply.probe.options.tools:
        return reply
    return _without_images(reply)


@check(
    "multimodal.counts-with-system-chunks",
    "An image MUST be part of the prompt when the system message is a list of chunks.",
    source="Bin-Huang/chatbox#2196",
    sends=(SYSTEM, SYSTEM_AND_IMAGE),
    needs=VISION,
    combined=ALL_PLACES,
)
def counts_with_system_chunks(text: Exchange, image: Exchange) -> Findings:
    """Magistral's default system prompt is such a list: text, thinking, text."""
    yield from expect_exact_cost(text, image)


@fault(breaks=counts_with_system_chunks)
def refuses_system_chunks_with_images(reply: Reply) -> Reply:
    """The template fails on a list of chunks: message content must be normalized."""
    messages = reply.probe.messages if reply.probe is not None else ()
    if messages[:1] == SYSTEM.messages[:1] and sizes(reply.probe):
        return reject_image(reply, "Message content must be normalized")
    return reply


@check(
    "multimodal.thinks-about-images",
    "A question with an image MUST be answered with reasoning, like one without.",
    source="Magistral 1.2 model card, vision",
    sends=REASONED,
    needs=VISION | {Capability.REASONING},
)
def thinks_about_images(exchange: Exchange) -> Findings:
    if not exchange.answer and not exchange.reasoning:
        raise NotApplicable("the reply has neither reasoning nor an answer")
    if not exchange.reasoning:
        yield Finding(
            "the reply to an image has no reasoning",
            expected="reasoning before the answer",
            actual="only an answer",
            at=exchange.probe.name,
        )


@fault(breaks=thinks_about_images)
def image_silences_thought(reply: Reply) -> Reply:
    """The route for images has no reasoning parser and drops the reasoning."""
    if not sizes(reply.probe):
        return reply
    return rewrite_pieces(reply, _without_reasoning)


def _without_reasoning(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return tuple(piece for piece in pieces if piece.kind is not PieceKind.REASONING)
