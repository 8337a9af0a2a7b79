"""Hostile images: each is rejected, and the server keeps working."""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.judging.rejection import (
    ABOUT_AN_IMAGE,
    error_violations,
    is_reply_to,
    rejections_among,
    status_and_body,
)
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    QUESTION,
    VISION,
    add_prompt_tokens,
    ask,
    expect_counted,
    image_cost,
    sizes,
    square,
)
from contract.checks.multimodal.rejection import check_and_fault
from contract.checks.sources import VISION_GUIDE
from contract.model import images
from contract.model.chat import Image
from contract.model.check import ANY, Finding, Findings, NotApplicable, check, fault
from contract.model.exchange import Exchange
from contract.model.reply import Reply

TRUNCATED = ask("truncated-image", QUESTION, images.truncated())
EMPTY = ask("empty-image", QUESTION, images.empty())
SVG = ask("svg-image", QUESTION, images.svg())
BOMB = ask("image-bomb", QUESTION, images.bomb(50_000, 50_000))
# Nothing listens on port 1 of the server's own machine.
UNREACHABLE = ask(
    "unreachable-image", QUESTION, Image(url="http://127.0.0.1:1/image.png")
)
_SIDE = 140  # pixels; no other probe has an image of this size
AFTERWARDS = ask("image-after-hostile-ones", QUESTION, square(_SIDE))


# A truncated JPEG can be decoded in part; in a PNG the missing end is an error.
refuses_truncated_image, accepts_truncated_image = check_and_fault(
    TRUNCATED,
    "truncated-image",
    "A truncated PNG MUST be rejected.",
    "The missing half of an image is filled with grey.",
    source="W3C PNG §13.2; vllm-project/vllm#47163",
    statuses=ABOUT_AN_IMAGE,
)
refuses_empty_image, accepts_empty_image = check_and_fault(
    EMPTY,
    "empty-image",
    "A data URI without data MUST be rejected.",
    "An image without data is dropped, and the text is answered.",
    source=f"{VISION_GUIDE}; vllm-project/vllm#47163",
    statuses=ABOUT_AN_IMAGE,
)
# Vision models are trained on pixels, and an SVG renderer fetches external references.
refuses_svg, accepts_svg = check_and_fault(
    SVG,
    "svg",
    "An SVG image MUST be rejected.",
    "An SVG image is rendered, including everything it refers to.",
    source=f"{VISION_GUIDE}, supported formats; CWE-611",
    statuses=ABOUT_AN_IMAGE,
    unless="takes-svg",
)
# Decoded it takes 2.5 GB, as the header already shows.
refuses_bomb, accepts_bomb = check_and_fault(
    BOMB,
    "bomb",
    "A small PNG that claims 50,000 by 50,000 pixels MUST be rejected.",
    "Memory is allocated for the size that the header claims.",
    source="CWE-409; Mistral vision guide, at most 10,000 pixels a side",
    statuses=ABOUT_AN_IMAGE,
)
# Servers that do not fetch URLs at all reject it as well.
refuses_unreachable_url, accepts_unreachable_url = check_and_fault(
    UNREACHABLE,
    "unreachable-url",
    "An image at an unreachable URL MUST be rejected.",
    "An image that cannot be fetched is silently dropped.",
    source="vllm-project/vllm#47163",
    statuses=ABOUT_AN_IMAGE,
)


@check(
    "multimodal.hostile-refusal-has-shape",
    "The rejection of an image MUST match the error schema of the dialect.",
    source="Mistral API reference; vLLM and llama.cpp server documentation",
    sends=(TRUNCATED, EMPTY, SVG, BOMB, UNREACHABLE),
    needs=VISION,
    expects=ANY,
)
def hostile_refusal_has_shape(*exchanges: Exchange) -> Findings:
    """Server errors are left to the checks that require a rejection."""
    rejections = [
        exchange
        for exchange in rejections_among(exchanges)
        if (exchange.status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR
    ]
    if not rejections:
        raise NotApplicable("no hostile image was rejected")
    for exchange in rejections:
        yield from error_violations(exchange)


@fault(breaks=hostile_refusal_has_shape)
def decoder_speaks_for_itself(reply: Reply) -> Reply:
    """The exception of the image library is returned unchanged."""
    if reply.status >= HTTPStatus.BAD_REQUEST and is_reply_to(reply, TRUNCATED):
        return reply.with_json(["OSError", "image file is truncated"])
    return reply


@check(
    "multimodal.answers-after-hostile-images",
    "After hostile images, a server MUST process the next image as before.",
    source="CWE-400; CWE-409",
    sends=(TRUNCATED, EMPTY, BOMB, UNREACHABLE, NO_IMAGE, AFTERWARDS),
    needs=VISION,
    expects=ANY,
    alone=True,
)
def answers_after_hostile_images(*exchanges: Exchange) -> Findings:
    *_, text, image = exchanges
    for exchange in (text, image):
        if exchange.status != HTTPStatus.OK:
            yield Finding(
                "a request after hostile images fails",
                expected="status 200",
                actual=status_and_body(exchange),
                at=exchange.probe.name,
            )
            return
    yield from expect_counted(text, image)


@fault(breaks=answers_after_hostile_images)
def hostile_image_stays(reply: Reply) -> Reply:
    """The decoder stays in its error state, and the next image is dropped."""
    if (_SIDE, _SIDE) not in sizes(reply.probe):
        return reply
    return add_prompt_tokens(reply, -image_cost(reply.dialect, (_SIDE, _SIDE)))
