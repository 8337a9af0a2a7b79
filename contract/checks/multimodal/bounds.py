"""How many images a request may show, and whose messages may show any."""

from __future__ import annotations

from collections.abc import Iterator

from contract.checks.faults.refusal import accepted
from contract.checks.judging.refusal import (
    refused,
    seen,
)
from contract.checks.multimodal.image_cost import (
    QUESTION,
    SEEN,
    accepting,
    asked,
    refuse_image,
    sizes,
    square,
    talk,
)
from contract.checks.sources import (
    VISION_GUIDE,
    VLLM_IMAGES,
)
from contract.model.chat import (
    Message,
    Probe,
    Text,
)
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.rejection import RejectionReason
from contract.model.reply import Reply

# The limits that are stated: Mistral's vision guide, the model card's command line.
LIMITS = (8, 10)
OK = 200


def many(number: int) -> Probe:
    """So many small images in one message."""
    return asked(f"{number}-images", QUESTION, *[square(28)] * number)


def spread(number: int) -> Probe:
    """So many small images, one in each turn of the user."""
    said = Message("assistant", "A square.")
    turns = [Message("user", (QUESTION, square(28)))]
    for _ in range(number - 1):
        turns += [said, Message("user", (QUESTION, square(28)))]
    return talk(f"{number}-images-in-turns", *turns)


def _of(exchanges: tuple[Exchange, ...], more: int) -> Iterator[Exchange]:
    """The exchange whose images are as many as the profile's limit and *more*."""
    limit = exchanges[0].profile.image_limit
    if limit is None:
        raise NotApplicable("the profile states no image_limit")
    found = [x for x in exchanges if len(sizes(x.probe)) == limit + more]
    if not found:
        raise NotApplicable(f"there is no request with {limit + more} images")
    yield from found


@check(
    "multimodal.takes-promised-images",
    "As many images as the provider promises MUST be taken.",
    source=f"{VISION_GUIDE}; {VLLM_IMAGES}",
    sends=tuple(many(limit) for limit in LIMITS),
    needs=SEEN,
    expects=ANY,
)
def takes_promised_images(*exchanges: Exchange) -> Findings:
    for exchange in _of(exchanges, 0):
        if exchange.status != OK:
            yield Finding(
                "a request with the promised number of images is refused",
                expected="status 200",
                actual=seen(exchange),
                at=exchange.probe.name,
            )


@fault(breaks=takes_promised_images)
def limit_is_one_too_low(reply: Reply) -> Reply:
    """The limit is compared with `<` where the document means `<=`."""
    number = len(sizes(reply.probe))
    if reply.status == OK and number in LIMITS:
        return refuse_image(
            reply, f"At most {number - 1} images", RejectionReason.IMAGE_COUNT
        )
    return reply


@check(
    "multimodal.refuses-too-many-images",
    "One image more than the provider promises MUST be refused.",
    source=f"{VISION_GUIDE}; {VLLM_IMAGES}",
    sends=tuple(many(limit + 1) for limit in LIMITS),
    needs=SEEN,
    expects=ANY,
)
def refuses_too_many_images(*exchanges: Exchange) -> Findings:
    """Images beyond the limit that are dropped in silence look like an answer."""
    for exchange in _of(exchanges, 1):
        yield from refused(exchange)


@fault(breaks=refuses_too_many_images, also=("multimodal.limit-spans-turns",))
def surplus_images_dropped(reply: Reply) -> Reply:
    """The first images that fit are kept, and nobody is told about the others."""
    if (
        reply.rejection is None
        or reply.rejection.reason is not RejectionReason.IMAGE_COUNT
    ):
        return reply
    return accepted(reply)


@check(
    "multimodal.limit-spans-turns",
    "The limit of images MUST count those of all turns together.",
    source=f"{VISION_GUIDE}; {VLLM_IMAGES}",
    sends=tuple(spread(limit + 1) for limit in LIMITS),
    needs=SEEN,
    expects=ANY,
)
def limit_spans_turns(*exchanges: Exchange) -> Findings:
    for exchange in _of(exchanges, 1):
        yield from refused(exchange)


@fault(breaks=limit_spans_turns)
def limit_of_each_turn(reply: Reply) -> Reply:
    """Each message is judged by itself, and a long talk shows any number."""
    if (
        reply.rejection is None
        or reply.rejection.reason is not RejectionReason.IMAGE_COUNT
    ):
        return reply
    return accepted(reply) if b'"assistant"' in reply.request.body else reply


SYSTEM_IMAGE = talk(
    "system-image",
    Message("system", (Text("This is our logo."), square(56))),
    Message("user", "Say hello."),
)
ASSISTANT_IMAGE = talk(
    "assistant-image",
    Message("user", "Say hello."),
    Message("assistant", (Text("Hello."), square(56))),
    Message("user", "Say it again."),
)


@check(
    "multimodal.refuses-system-image",
    "An image in a system message MUST be refused.",
    source="Mistral API reference, SystemMessage; mistral-common, SystemMessage",
    sends=SYSTEM_IMAGE,
    needs=SEEN,
    expects=ANY,
    unless="system-image",
)
def refuses_system_image(exchange: Exchange) -> Findings:
    """It is made of text and thinking chunks; the template has no place for more."""
    yield from refused(exchange)


accepts_system_image = accepting(
    refuses_system_image, "An image in the system prompt is left out in silence."
)


@check(
    "multimodal.refuses-assistant-image",
    "An image in an assistant message MUST be refused.",
    source="mistral-common, AssistantMessage",
    sends=ASSISTANT_IMAGE,
    needs=SEEN,
    expects=ANY,
    unless="assistant-image",
)
def refuses_assistant_image(exchange: Exchange) -> Findings:
    """
    The tokenizer refuses it: a model of text has shown nothing.

    The hosted API's schema allows any chunk there, so its profiles tolerate it.
    """
    yield from refused(exchange)


accepts_assistant_image = accepting(
    refuses_assistant_image, "An image in the model's mouth is left out in silence."
)
