"""Checks of the position of images among texts, other images, and turns."""

from __future__ import annotations

from contract.checks.judging.prompt_tokens import expect_exact_count
from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.combined import ALL_PLACES, PLACES_AND_SIZES
from contract.checks.multimodal.image_cost import (
    QUESTION,
    VISION,
    add_prompt_tokens,
    ask,
    chat,
    expect_counted,
    expect_exact_cost,
    extra_tokens,
    image_costs,
    square,
)
from contract.checks.sources import VISION_GUIDE
from contract.model.chat import Image, Message, Text
from contract.model.check import Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.tokens import counting

# No full stop at the end, so that a following blank line is a separate token.
_BEFORE = Text("Look at this")
_AFTERWARDS = Text("Say it in one word.")
_MORE = Text("And now?")
FORWARD = ask("images-in-order", QUESTION, square(56, 0), square(112, 255))
SWAPPED = ask("images-swapped", QUESTION, square(112, 255), square(56, 0))
FIRST = ask("image-first", square(56), QUESTION)
LAST = ask("image-last", QUESTION, square(56))
BETWEEN = ask("image-between", _BEFORE, square(56), _AFTERWARDS)


def _turns(name: str, first: tuple[Image, ...], last: tuple[Image, ...]) -> Probe:
    return chat(
        name,
        Message("user", (QUESTION, *first)),
        Message("assistant", "A square."),
        Message("user", (_MORE, *last)),
    )


NO_TURN = _turns("turns-without-images", (), ())
FIRST_TURN = _turns("turns-with-an-image", (square(56),), ())
BOTH_TURNS = _turns("turns-with-images", (square(56),), (square(112),))


@check(
    "multimodal.order-changes-no-count",
    "Two images MUST cost the same in either order.",
    source="mistral-common, ImageEncoder",
    sends=(FORWARD, SWAPPED),
    needs=VISION,
    combined=PLACES_AND_SIZES,
)
def order_changes_no_count(forward: Exchange, swapped: Exchange) -> Findings:
    """Each image is split into patches by its own size, wherever it is."""
    if difference := extra_tokens(forward, swapped):
        yield Finding(
            "the order of two images changes their cost",
            expected="the same prompt_tokens",
            actual=f"{difference:+} when they are swapped",
            at=usage_location(swapped),
        )


def _messages(reply: Reply) -> tuple[Message, ...]:
    """Return the messages of the request that *reply* answers."""
    return reply.probe.messages if reply.probe is not None else ()


@fault(breaks=order_changes_no_count, also=("multimodal.each-image-counts",))
def first_size_for_all(reply: Reply) -> Reply:
    """A batch of images is resized to the size of the first one."""
    extra = 0
    for message in _messages(reply):
        costs = image_costs(reply.dialect, Probe(name="alone", messages=(message,)))
        extra += len(costs) * costs[0] - sum(costs) if costs else 0
    return add_prompt_tokens(reply, extra)


@check(
    "multimodal.position-is-exact",
    "An image before, between or after texts MUST leave their tokens unchanged.",
    source="mistral-common, InstructTokenizerV13",
    sends=(FIRST, LAST, BETWEEN),
    needs=VISION | {Capability.EXACT_TOKENS},
    combined=ALL_PLACES,
)
def position_is_exact(*exchanges: Exchange) -> Findings:
    """Adjacent texts are joined, texts with an image between them are not."""
    for exchange in exchanges:
        yield from expect_exact_count(exchange)


@fault(breaks=position_is_exact)
def texts_joined_around_image(reply: Reply) -> Reply:
    """An adapter sends all images first, and all texts joined into one."""
    extra = 0
    for message in _messages(reply):
        texts = [part.text for part in message.parts if isinstance(part, Text)]
        if len(texts) > 1 and any(isinstance(p, Image) for p in message.parts):
            separate = sum(counting.count_text(text) for text in texts)
            extra += counting.count_text("\n\n".join(texts)) - separate
    return add_prompt_tokens(reply, extra)


@check(
    "multimodal.earlier-images-count",
    "Images of earlier turns MUST stay in the prompt.",
    source=f"{VISION_GUIDE}; OpenAI API reference, messages",
    sends=(NO_TURN, FIRST_TURN, BOTH_TURNS),
    needs=VISION,
    combined=ALL_PLACES,
)
def earlier_images_count(none: Exchange, first: Exchange, both: Exchange) -> Findings:
    yield from expect_exact_cost(none, first)
    yield from expect_exact_cost(first, both)
    yield from expect_counted(none, both)


@fault(breaks=earlier_images_count)
def only_last_turn_shows(reply: Reply) -> Reply:
    """To save tokens, images of earlier turns are silently dropped."""
    if reply.probe is None:
        return reply
    earlier = Probe(name="earlier", messages=reply.probe.messages[:-1])
    return add_prompt_tokens(reply, -sum(image_costs(reply.dialect, earlier)))
