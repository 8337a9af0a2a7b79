"""Pictures made to harm: they are refused, and the server lives on."""

from __future__ import annotations

from contract.checks.judging.refusal import (
    ABOUT_AN_IMAGE,
    answers,
    misshapen,
    refusals,
    refused,
    seen,
)
from contract.checks.multimodal.image_cost import (
    NO_IMAGE,
    QUESTION,
    SEEN,
    accepting,
    asked,
    charge,
    counts,
    price,
    sizes,
    square,
)
from contract.checks.sources import VISION_GUIDE
from contract.model import images
from contract.model.chat import Image
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply

OK = 200
CLIENT_ERROR, SERVER_ERROR = 400, 500
TRUNCATED = asked("truncated-image", QUESTION, images.truncated())
EMPTY = asked("empty-image", QUESTION, images.empty())
SVG = asked("svg-image", QUESTION, images.svg())
BOMB = asked("image-bomb", QUESTION, images.bomb(50_000, 50_000))
# Nothing listens on port 1 of the provider's own machine.
UNREACHABLE = asked(
    "unreachable-image", QUESTION, Image(url="http://127.0.0.1:1/image.png")
)
_SIDE = 140  # pixels; no other request shows an image of this size
AFTERWARDS = asked("image-after-hostile-ones", QUESTION, square(_SIDE))


@check(
    "multimodal.refuses-truncated-image",
    "A PNG that ends in the middle MUST be refused.",
    source="W3C PNG §13.2; vllm-project/vllm#47163",
    sends=TRUNCATED,
    needs=SEEN,
    expects=ANY,
)
def refuses_truncated_image(exchange: Exchange) -> Findings:
    """A JPEG may be shown as far as it goes; of a PNG the missing end is an error."""
    yield from refused(exchange, ABOUT_AN_IMAGE)


accepts_truncated_image = accepting(
    refuses_truncated_image, "The missing half of an image is made up in grey."
)


@check(
    "multimodal.refuses-empty-image",
    "A data URI without data MUST be refused.",
    source=f"{VISION_GUIDE}; vllm-project/vllm#47163",
    sends=EMPTY,
    needs=SEEN,
    expects=ANY,
)
def refuses_empty_image(exchange: Exchange) -> Findings:
    yield from refused(exchange, ABOUT_AN_IMAGE)


accepts_empty_image = accepting(
    refuses_empty_image, "An image of no bytes is no image, so the text is answered."
)


@check(
    "multimodal.refuses-svg",
    "An SVG MUST be refused.",
    source=f"{VISION_GUIDE}, supported formats; CWE-611",
    sends=SVG,
    needs=SEEN,
    expects=ANY,
    unless="takes-svg",
)
def refuses_svg(exchange: Exchange) -> Findings:
    """No model was trained on drawings as XML, and a renderer opens what they name."""
    yield from refused(exchange, ABOUT_AN_IMAGE)


accepts_svg = accepting(
    refuses_svg, "A drawing is rendered, with all that it refers to."
)


@check(
    "multimodal.refuses-bomb",
    "A small PNG that claims 50,000 by 50,000 pixels MUST be refused.",
    source="CWE-409; Mistral vision guide, at most 10,000 pixels a side",
    sends=BOMB,
    needs=SEEN,
    expects=ANY,
)
def refuses_bomb(exchange: Exchange) -> Findings:
    """It would take two and a half gigabytes, and a header is enough to see that."""
    yield from refused(exchange, ABOUT_AN_IMAGE)


accepts_bomb = accepting(
    refuses_bomb, "The claim is believed, and memory is taken for it."
)


@check(
    "multimodal.refuses-unreachable-url",
    "An image at an address where nothing answers MUST be refused.",
    source="vllm-project/vllm#47163",
    sends=UNREACHABLE,
    needs=SEEN,
    expects=ANY,
)
def refuses_unreachable_url(exchange: Exchange) -> Findings:
    """Whether it is fetched in vain or not at all: the request is at fault."""
    yield from refused(exchange, ABOUT_AN_IMAGE)


accepts_unreachable_url = accepting(
    refuses_unreachable_url, "An image that does not come is left out in silence."
)


@check(
    "multimodal.hostile-refusal-has-shape",
    "The refusal of an image MUST fit the error schema of the provider's dialect.",
    source="Mistral API reference; vLLM and llama.cpp server documentation",
    sends=(TRUNCATED, EMPTY, SVG, BOMB, UNREACHABLE),
    needs=SEEN,
    expects=ANY,
)
def hostile_refusal_has_shape(*exchanges: Exchange) -> Findings:
    """What failed inside the server is another check's matter."""
    found = [x for x in refusals(exchanges) if (x.status or 0) < SERVER_ERROR]
    if not found:
        raise NotApplicable("no hostile image was refused")
    for exchange in found:
        yield from misshapen(exchange)


@fault(breaks=hostile_refusal_has_shape)
def decoder_speaks_for_itself(reply: Reply) -> Reply:
    """What the image library raised is sent as it is."""
    if reply.status >= CLIENT_ERROR and answers(reply, TRUNCATED):
        return reply.with_json(["OSError", "image file is truncated"])
    return reply


@check(
    "multimodal.answers-after-hostile-images",
    "A server that was shown hostile images MUST see the next image as before.",
    source="CWE-400; CWE-409",
    sends=(TRUNCATED, EMPTY, BOMB, UNREACHABLE, NO_IMAGE, AFTERWARDS),
    needs=SEEN,
    expects=ANY,
    alone=True,
)
def answers_after_hostile_images(*exchanges: Exchange) -> Findings:
    *_, text, image = exchanges
    for exchange in (text, image):
        if exchange.status != OK:
            yield Finding(
                "the request after hostile images fails",
                expected="status 200",
                actual=seen(exchange),
                at=exchange.probe.name,
            )
            return
    yield from counts(text, image)


@fault(breaks=answers_after_hostile_images)
def hostile_image_stays(reply: Reply) -> Reply:
    """The decoder keeps its error, and the next image is left out for it."""
    if (_SIDE, _SIDE) not in sizes(reply.probe):
        return reply
    return charge(reply, -price(reply.dialect, (_SIDE, _SIDE)))
