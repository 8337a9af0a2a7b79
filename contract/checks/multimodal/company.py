"""That an image keeps company: with streaming, tools, system chunks, a thought."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    ONE_IMAGE,
    QUESTION,
    SEEN,
    charge,
    exactly,
    prices,
    raised,
    refuse_image,
    sizes,
    square,
    talk,
)
from contract.checks.sources import VISION_GUIDE
from contract.model.chat import (
    Message,
    Options,
    Piece,
    PieceKind,
    Probe,
    Text,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    MAX_TOKENS,
    WEATHER,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

STREAMED = replace(ONE_IMAGE, name="one-image-streamed", stream=True)
_TOOLS = Options(max_tokens=1, temperature=0.0, tools=(WEATHER,))
TOOLS = replace(NO_IMAGE, name="no-image-with-tools", options=_TOOLS)
TOOLS_AND_IMAGE = replace(ONE_IMAGE, name="image-with-tools", options=_TOOLS)
_SYSTEM = Message("system", (Text("You describe pictures."),))
SYSTEM = talk("no-image-with-system", _SYSTEM, *NO_IMAGE.messages)
SYSTEM_AND_IMAGE = talk("image-with-system", _SYSTEM, *ONE_IMAGE.messages)
THOUGHT = Probe(
    name="image-thought-about",
    messages=(Message("user", (QUESTION, square(112))),),
    options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
)


@check(
    "multimodal.streams-alike",
    "A streamed request MUST see the image as a whole one does.",
    source="0xPlaygrounds/rig#2331",
    sends=(ONE_IMAGE, STREAMED),
    needs=SEEN | {Capability.STREAMING, Capability.STREAM_USAGE},
)
def streams_alike(whole: Exchange, streamed: Exchange) -> Findings:
    if found := raised(whole, streamed):
        yield Finding(
            "streaming changes what the image costs",
            expected="the prompt_tokens of the whole reply",
            actual=f"{found:+} when it is streamed",
            at=usage_location(streamed),
        )


@fault(breaks=streams_alike)
def stream_drops_images(reply: Reply) -> Reply:
    """The streaming route builds its prompt from the texts alone."""
    if not reply.streamed:
        return reply
    return charge(reply, -sum(prices(reply.dialect, reply.probe)))


@check(
    "multimodal.counts-with-tools",
    "An image MUST be seen when tools are offered.",
    source=f"{VISION_GUIDE}; OpenAI API reference, tools",
    sends=(TOOLS, TOOLS_AND_IMAGE),
    needs=SEEN | {Capability.TOOLS},
)
def counts_with_tools(text: Exchange, image: Exchange) -> Findings:
    yield from exactly(text, image)


@fault(breaks=counts_with_tools)
def tools_drop_images(reply: Reply) -> Reply:
    """The template for tools was written before there were images."""
    if reply.probe is None or not reply.probe.options.tools:
        return reply
    return charge(reply, -sum(prices(reply.dialect, reply.probe)))


@check(
    "multimodal.counts-with-system-chunks",
    "An image MUST be seen beside a system prompt made of chunks.",
    source="Bin-Huang/chatbox#2196",
    sends=(SYSTEM, SYSTEM_AND_IMAGE),
    needs=SEEN,
)
def counts_with_system_chunks(text: Exchange, image: Exchange) -> Findings:
    """Magistral's own system prompt is such a list: text, thinking, text."""
    yield from exactly(text, image)


@fault(breaks=counts_with_system_chunks)
def refuses_system_chunks_with_images(reply: Reply) -> Reply:
    """Message content must be normalized, says the template to a list of chunks."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if asked[:1] == SYSTEM.messages[:1] and sizes(reply.probe):
        return refuse_image(reply, "Message content must be normalized")
    return reply


@check(
    "multimodal.thinks-about-images",
    "A question with an image MUST get its thought, as a question in words does.",
    source="Magistral 1.2 model card, vision",
    sends=THOUGHT,
    needs=SEEN | {Capability.REASONING},
)
def thinks_about_images(exchange: Exchange) -> Findings:
    if not exchange.answer and not exchange.reasoning:
        raise NotApplicable("there is neither a thought nor an answer")
    if not exchange.reasoning:
        yield Finding(
            "an image switches the reasoning off",
            expected="a thought before the answer",
            actual="an answer without one",
            at=exchange.probe.name,
        )


@fault(breaks=thinks_about_images)
def image_silences_thought(reply: Reply) -> Reply:
    """The route for images has no reasoning parser and drops what it cannot name."""
    if not sizes(reply.probe):
        return reply
    return rewrite_pieces(reply, _without_thought)


def _without_thought(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return tuple(piece for piece in pieces if piece.kind is not PieceKind.REASONING)
