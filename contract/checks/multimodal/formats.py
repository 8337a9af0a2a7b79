"""Checks of image formats, detail levels, and both forms of image_url."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.combined import ALL_FORMS, ALL_SIZES
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    ONE_IMAGE,
    QUESTION,
    VISION,
    add_prompt_tokens,
    ask,
    expect_counted,
    extra_tokens,
    image_cost,
    image_costs,
    sizes,
    square,
)
from contract.checks.multimodal.rejection import reject_image
from contract.checks.sources import OPENAI_IMAGES, VISION_GUIDE
from contract.model.chat import Image, freeze
from contract.model.check import Check, Fault, Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.images import picture
from contract.model.probe import Patch
from contract.model.profile import Capability
from contract.model.reply import Reply

SIDE = 112  # pixels
PNG, JPEG, WEBP, GIF = (
    ask(f"{kind}-image", QUESTION, picture(SIDE, SIDE, kind))
    for kind in ("png", "jpeg", "webp", "gif")
)
LOW, HIGH, AUTO = (
    ask(f"detail-{word}", QUESTION, replace(square(56), detail=word))
    for word in ("low", "high", "auto")
)
PLAIN_URL = replace(
    ONE_IMAGE,
    name="plain-image-url",
    patches=(
        Patch("plain-url", "/messages/0/content/1/image_url", freeze(square(56).uri)),
    ),
)


def requested_images(reply: Reply) -> tuple[Image, ...]:
    """Return the images in the request that *reply* answers."""
    if reply.probe is None:
        return ()
    return tuple(
        part
        for message in reply.probe.messages
        for part in message.parts
        if isinstance(part, Image)
    )


def _rejecting(check: Check, kind: str, description: str, *also: str) -> Fault:
    """
    Return the fault `refuses-KIND`, which rejects images of one format.

    *kind* is the subtype of the media type, *story* the description of the fault,
    *also* the ids of further checks that fail with it.
    """

    def reject(reply: Reply) -> Reply:
        if any(
            image.media_type == f"image/{kind}" for image in requested_images(reply)
        ):
            return reject_image(reply, f"image/{kind} is not supported")
        return reply

    return Fault(
        id=f"refuses-{kind}",
        breaks=check,
        apply=reject,
        also=frozenset(also),
        description=description,
    )


@check(
    "multimodal.takes-png",
    "A PNG in a data URI MUST be accepted and counted.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, PNG),
    needs=VISION,
    combined=ALL_SIZES,
)
def takes_png(text: Exchange, image: Exchange) -> Findings:
    yield from expect_counted(text, image)


refuses_png = _rejecting(
    takes_png, "png", "The decoder was built without zlib.", "multimodal", "context"
)


@check(
    "multimodal.takes-jpeg",
    "A JPEG in a data URI MUST be accepted and counted.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, JPEG),
    needs=VISION,
    combined=ALL_FORMS,
)
def takes_jpeg(text: Exchange, image: Exchange) -> Findings:
    yield from expect_counted(text, image)


refuses_jpeg = _rejecting(
    takes_jpeg,
    "jpeg",
    "The gateway accepts image/jpg but not image/jpeg.",
    "multimodal.format-changes-no-count",
    "multimodal.declared-type-is-a-hint",
)


@check(
    "multimodal.takes-webp",
    "A WebP in a data URI MUST be accepted and counted.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, WEBP),
    needs=VISION,
    combined=ALL_FORMS[:1],
    unless="no-webp",
)
def takes_webp(text: Exchange, image: Exchange) -> Findings:
    """llama.cpp decodes images with stb_image, which does not support WebP."""
    yield from expect_counted(text, image)


refuses_webp = _rejecting(
    takes_webp, "webp", "The image library was built without WebP."
)


@check(
    "multimodal.takes-gif",
    "A GIF of one frame in a data URI MUST be accepted and counted.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, GIF),
    needs=VISION,
    combined=ALL_FORMS,
)
def takes_gif(text: Exchange, image: Exchange) -> Findings:
    yield from expect_counted(text, image)


refuses_gif = _rejecting(
    takes_gif,
    "gif",
    "A GIF is rejected as a video.",
    "multimodal.format-changes-no-count",
)


@check(
    "multimodal.format-changes-no-count",
    "Images of one size MUST cost the same in every format.",
    source="mistral-common, ImageEncoder; vllm-project/vllm#20025",
    sends=(PNG, JPEG, GIF),
    needs=VISION,
    combined=ALL_FORMS,
)
def format_changes_no_count(png: Exchange, *others: Exchange) -> Findings:
    for other in others:
        if difference := extra_tokens(png, other):
            yield Finding(
                "the cost of an image depends on its format",
                expected="the prompt_tokens of the PNG",
                actual=f"{difference:+} prompt_tokens for {other.probe.name}",
                at=usage_location(other),
            )


@fault(breaks=format_changes_no_count)
def jpeg_decoded_at_half_size(reply: Reply) -> Reply:
    """The draft mode of the JPEG decoder halves the sides."""
    if not any(image.media_type == "image/jpeg" for image in requested_images(reply)):
        return reply
    return add_prompt_tokens(
        reply,
        sum(
            image_cost(reply.dialect, (width // 2, height // 2))
            - image_cost(reply.dialect, (width, height))
            for width, height in sizes(reply.probe)
        ),
    )


@check(
    "multimodal.takes-detail",
    "An image with detail low, high or auto MUST be accepted and counted.",
    source=f"Mistral API reference, ImageURL; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, LOW, HIGH, AUTO),
    needs=VISION,
    combined=ALL_FORMS,
)
def takes_detail(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from expect_counted(text, image)


@fault(breaks=takes_detail)
def refuses_detail(reply: Reply) -> Reply:
    """The schema of the gateway allows only url in an image_url object."""
    if any(image.detail for image in requested_images(reply)):
        return reject_image(reply, "detail: extra inputs are not permitted")
    return reply


@check(
    "multimodal.takes-plain-url",
    "An image_url that is a plain string MUST be read like the object form.",
    source="Mistral API reference, ImageURLChunk",
    sends=(ONE_IMAGE, PLAIN_URL),
    needs=VISION | {Capability.IMAGE_URL_STRING},
)
def takes_plain_url(object_form: Exchange, plain: Exchange) -> Findings:
    if difference := extra_tokens(object_form, plain):
        yield Finding(
            "the two forms of image_url differ in cost",
            expected="the same prompt_tokens",
            actual=f"{difference:+} with the plain string",
            at=usage_location(plain),
        )


@fault(breaks=takes_plain_url)
def plain_url_dropped(reply: Reply) -> Reply:
    """An adapter reads only image_url.url and drops a plain string."""
    if b'"image_url":"data:' not in reply.request.body:
        return reply
    return add_prompt_tokens(reply, -sum(image_costs(reply.dialect, reply.probe)))
