"""Checks of the image limit, and of the roles whose messages may contain images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus

from contract.checks.faults.rejection import accept_request
from contract.checks.judging.rejection import expect_rejected, status_and_body
from contract.checks.multimodal.image_cost import (
    QUESTION,
    VISION,
    ask,
    chat,
    sizes,
    square,
)
from contract.checks.multimodal.rejection import check_and_fault, reject_image
from contract.checks.sources import VISION_GUIDE, VLLM_IMAGES
from contract.model.chat import Message, Text
from contract.model.check import (
    ANY,
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import MANY, Capability, Profile
from contract.model.rejection import RejectionReason
from contract.model.reply import Reply

# Images per request: by Mistral's vision guide, and by the command line on the model
# card.
LIMITS = (8, 10)


def images_in_one_message(number: int) -> Probe:
    """Return a probe with *number* small images in one message."""
    return ask(f"{number}-images", QUESTION, *[square(28)] * number)


def images_across_turns(number: int) -> Probe:
    """Return a probe with *number* small images, one in each user message."""
    answer = Message("assistant", "A square.")
    turns = [Message("user", (QUESTION, square(28)))]
    for _ in range(number - 1):
        turns += [answer, Message("user", (QUESTION, square(28)))]
    return chat(f"{number}-images-in-turns", *turns)


def _of_the_limit(
    images: Callable[[int], Probe], excess: int = 0
) -> tuple[Combined, ...]:
    """Return, for each limit, the one request that tests it; *excess* above it."""
    return tuple(
        Combined(
            sends=(images(limit + excess),),
            where=partial(_has_limit, limit=limit),
            expects=ANY,
        )
        for limit in LIMITS
    )


def _has_limit(profile: Profile, *, limit: int) -> bool:
    return profile.image_limit == limit


def _at_limit(exchanges: tuple[Exchange, ...], excess: int = 0) -> Iterator[Exchange]:
    """
    Yield the exchange whose image count exceeds the profile's limit by *excess*.

    Raises `NotApplicable` if the profile has no limit, or one that no probe tests.
    """
    limit = exchanges[0].profile.image_limit
    if limit is None:
        raise NotApplicable("the profile has no image_limit")
    found = [x for x in exchanges if len(sizes(x.probe)) == limit + excess]
    if not found:
        raise NotApplicable(f"no probe has {limit + excess} images")
    yield from found


def _rejects_image_count(reply: Reply) -> bool:
    rejection = reply.rejection
    return rejection is not None and rejection.reason is RejectionReason.IMAGE_COUNT


@check(
    "multimodal.takes-promised-images",
    "A request with as many images as promised MUST be accepted.",
    source=f"{VISION_GUIDE}; {VLLM_IMAGES}",
    sends=tuple(images_in_one_message(limit) for limit in LIMITS),
    combined=_of_the_limit(images_in_one_message),
    needs=VISION,
    expects=ANY,
)
def takes_promised_images(*exchanges: Exchange) -> Findings:
    for exchange in _at_limit(exchanges):
        yield from _accepted(exchange)


def _accepted(exchange: Exchange) -> Findings:
    """Yield a finding if a request with the promised number of images failed."""
    if exchange.status != HTTPStatus.OK:
        yield Finding(
            "a request with the promised number of images is not accepted",
            expected="status 200",
            actual=status_and_body(exchange),
            at=exchange.probe.name,
        )


@fault(breaks=takes_promised_images)
def limit_is_one_too_low(reply: Reply) -> Reply:
    """The limit is compared with `<` instead of `<=`."""
    number = len(sizes(reply.probe))
    if reply.status == HTTPStatus.OK and number in LIMITS:
        return reject_image(
            reply, f"At most {number - 1} images", RejectionReason.IMAGE_COUNT
        )
    return reply


@check(
    "multimodal.refuses-too-many-images",
    "A request with one image more than promised MUST be rejected.",
    source=f"{VISION_GUIDE}; {VLLM_IMAGES}",
    sends=tuple(images_in_one_message(limit + 1) for limit in LIMITS),
    combined=_of_the_limit(images_in_one_message, 1),
    needs=VISION,
    expects=ANY,
)
def refuses_too_many_images(*exchanges: Exchange) -> Findings:
    """If surplus images are silently dropped, the answer ignores them."""
    for exchange in _at_limit(exchanges, 1):
        yield from expect_rejected(exchange)


@fault(breaks=refuses_too_many_images, also=("multimodal.limit-spans-turns",))
def surplus_images_dropped(reply: Reply) -> Reply:
    """The images within the limit are kept, and the others are silently dropped."""
    return accept_request(reply) if _rejects_image_count(reply) else reply


@check(
    "multimodal.limit-spans-turns",
    "The image limit MUST apply to the images of all turns together.",
    source=f"{VISION_GUIDE}; {VLLM_IMAGES}",
    sends=tuple(images_across_turns(limit + 1) for limit in LIMITS),
    combined=_of_the_limit(images_across_turns, 1),
    needs=VISION,
    expects=ANY,
)
def limit_spans_turns(*exchanges: Exchange) -> Findings:
    for exchange in _at_limit(exchanges, 1):
        yield from expect_rejected(exchange)


@fault(breaks=limit_spans_turns)
def limit_of_each_turn(reply: Reply) -> Reply:
    """The limit is applied to each message separately instead of the conversation."""
    several_turns = b'"assistant"' in reply.request.body
    return (
        accept_request(reply)
        if several_turns and _rejects_image_count(reply)
        else reply
    )


@check(
    "multimodal.takes-a-hundred-images",
    "A request with 100 images MUST be accepted if that many are promised.",
    source=f"{VISION_GUIDE}; https://docs.mistral.ai/models/mistral-large-4-0",
    sends=images_in_one_message(MANY),
    needs=VISION | {Capability.MANY_IMAGES},
    expects=ANY,
)
def takes_a_hundred_images(exchange: Exchange) -> Findings:
    yield from _accepted(exchange)


@fault(breaks=takes_a_hundred_images)
def limit_of_the_older_models(reply: Reply) -> Reply:
    """The limit of eight images of older models was kept."""
    number = len(sizes(reply.probe))
    if reply.status != HTTPStatus.OK or number <= max(LIMITS) + 1:
        return reply
    return reject_image(reply, "At most 8 images", RejectionReason.IMAGE_COUNT)


SYSTEM_IMAGE = chat(
    "system-image",
    Message("system", (Text("This is our logo."), square(56))),
    Message("user", "Say hello."),
)
ASSISTANT_IMAGE = chat(
    "assistant-image",
    Message("user", "Say hello."),
    Message("assistant", (Text("Hello."), square(56))),
    Message("user", "Say it again."),
)

# Mistral's system messages contain text and thinking chunks only.
refuses_system_image, accepts_system_image = check_and_fault(
    SYSTEM_IMAGE,
    "system-image",
    "An image in a system message MUST be rejected.",
    "An image in the system prompt is silently dropped.",
    source="Mistral API reference, SystemMessage; mistral-common, SystemMessage",
    unless="system-image",
)
# mistral-common rejects it. The schema of the hosted API allows any chunk there, so
# its profiles tolerate the image.
refuses_assistant_image, accepts_assistant_image = check_and_fault(
    ASSISTANT_IMAGE,
    "assistant-image",
    "An image in an assistant message MUST be rejected.",
    "An image in an assistant message is silently dropped.",
    source="mistral-common, AssistantMessage",
    unless="assistant-image",
)
