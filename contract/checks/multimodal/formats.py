"""Which pictures are taken, and in which spelling: the same picture costs the same."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    ONE_IMAGE,
    QUESTION,
    SEEN,
    asked,
    charge,
    counts,
    price,
    raised,
    refuse_image,
    sizes,
    square,
)
from contract.checks.sources import (
    OPENAI_IMAGES,
    VISION_GUIDE,
)
from contract.model.chat import (
    Image,
    Patch,
    freeze,
)
from contract.model.check import (
    Check,
    Fault,
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.images import picture
from contract.model.profile import Capability
from contract.model.reply import Reply

SIDE = 112  # pixels
PNG, JPEG, WEBP, GIF = (
    asked(f"{kind}-image", QUESTION, picture(SIDE, SIDE, kind))
    for kind in ("png", "jpeg", "webp", "gif")
)
LOW, HIGH, AUTO = (
    asked(f"detail-{word}", QUESTION, replace(square(56), detail=word))
    for word in ("low", "high", "auto")
)
PLAIN_URL = replace(
    ONE_IMAGE,
    name="plain-image-url",
    patches=(
        Patch("plain-url", "/messages/0/content/1/image_url", freeze(square(56).uri)),
    ),
)


def shown(reply: Reply) -> tuple[Image, ...]:
    """The images of the request that *reply* answers, when it is no refusal."""
    if reply.probe is None:
        return ()
    return tuple(
        part
        for message in reply.probe.messages
        for part in message.parts
        if isinstance(part, Image)
    )


def _refusing(check: Check, kind: str, story: str, *also: str) -> Fault:
    """The fault that knows nothing of one kind of picture."""

    def refusing(reply: Reply) -> Reply:
        if any(image.media_type == f"image/{kind}" for image in shown(reply)):
            return refuse_image(reply, f"image/{kind} is not supported")
        return reply

    return Fault(
        id=f"refuses-{kind}",
        breaks=check,
        apply=refusing,
        also=frozenset(also),
        story=story,
    )


@check(
    "multimodal.takes-png",
    "A PNG in a data URI MUST be seen.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, PNG),
    needs=SEEN,
)
def takes_png(text: Exchange, image: Exchange) -> Findings:
    yield from counts(text, image)


refuses_png = _refusing(
    takes_png, "png", "The decoder was built without zlib.", "multimodal", "context"
)


@check(
    "multimodal.takes-jpeg",
    "A JPEG in a data URI MUST be seen.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, JPEG),
    needs=SEEN,
)
def takes_jpeg(text: Exchange, image: Exchange) -> Findings:
    yield from counts(text, image)


refuses_jpeg = _refusing(
    takes_jpeg,
    "jpeg",
    "The gateway knows image/jpg and not image/jpeg.",
    "multimodal.format-changes-no-count",
)


@check(
    "multimodal.takes-webp",
    "A WebP in a data URI MUST be seen.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, WEBP),
    needs=SEEN,
    unless="no-webp",
)
def takes_webp(text: Exchange, image: Exchange) -> Findings:
    """llama.cpp reads what stb_image reads, and WebP is not among it."""
    yield from counts(text, image)


refuses_webp = _refusing(
    takes_webp, "webp", "The image library was built without WebP."
)


@check(
    "multimodal.takes-gif",
    "A GIF of one frame in a data URI MUST be seen.",
    source=f"{VISION_GUIDE}; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, GIF),
    needs=SEEN,
)
def takes_gif(text: Exchange, image: Exchange) -> Findings:
    yield from counts(text, image)


refuses_gif = _refusing(
    takes_gif,
    "gif",
    "A GIF is taken for a film and refused.",
    "multimodal.format-changes-no-count",
)


@check(
    "multimodal.format-changes-no-count",
    "Pictures of one size MUST cost the same, whatever their format.",
    source="mistral-common, ImageEncoder; vllm-project/vllm#20025",
    sends=(PNG, JPEG, GIF),
    needs=SEEN,
)
def format_changes_no_count(png: Exchange, *others: Exchange) -> Findings:
    for other in others:
        if found := raised(png, other):
            yield Finding(
                "the same picture costs another price",
                expected="the prompt_tokens of the PNG",
                actual=f"{found:+} prompt_tokens as {other.probe.name}",
                at=usage_location(other),
            )


@fault(breaks=format_changes_no_count)
def jpeg_decoded_at_half_size(reply: Reply) -> Reply:
    """The JPEG decoder's draft mode halves the sides to save time."""
    if not any(image.media_type == "image/jpeg" for image in shown(reply)):
        return reply
    return charge(
        reply,
        sum(
            price(reply.dialect, (width // 2, height // 2))
            - price(reply.dialect, (width, height))
            for width, height in sizes(reply.probe)
        ),
    )


@check(
    "multimodal.takes-detail",
    "An image with the detail low, high or auto MUST be seen.",
    source=f"Mistral API reference, ImageURL; {OPENAI_IMAGES}",
    sends=(NO_IMAGE, LOW, HIGH, AUTO),
    needs=SEEN,
)
def takes_detail(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from counts(text, image)


@fault(breaks=takes_detail)
def refuses_detail(reply: Reply) -> Reply:
    """The schema of the gateway knows the address of an image and nothing else."""
    if any(image.detail for image in shown(reply)):
        return refuse_image(reply, "detail: extra inputs are not permitted")
    return reply


@check(
    "multimodal.takes-plain-url",
    "An image_url that is the address itself MUST be taken as the object form is.",
    source="Mistral API reference, ImageURLChunk",
    sends=(ONE_IMAGE, PLAIN_URL),
    needs=SEEN | {Capability.IMAGE_URL_STRING},
)
def takes_plain_url(spelled: Exchange, plain: Exchange) -> Findings:
    if found := raised(spelled, plain):
        yield Finding(
            "the two spellings of one image differ",
            expected="the same prompt_tokens",
            actual=f"{found:+} with the plain address",
            at=usage_location(plain),
        )


@fault(breaks=takes_plain_url)
def plain_url_dropped(reply: Reply) -> Reply:
    """An adapter reads image_url.url only, and a plain address is nothing to it."""
    if b'"image_url":"data:' not in reply.request.body:
        return reply
    return charge(
        reply, -sum(price(reply.dialect, size) for size in sizes(reply.probe))
    )
