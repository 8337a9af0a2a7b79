"""That an image keeps its place: among texts, among images, among turns."""

from __future__ import annotations

from contract.checks.judging.prompt_tokens import exactly_counted
from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.image_cost import (
    QUESTION,
    SEEN,
    asked,
    charge,
    counts,
    exactly,
    prices,
    raised,
    square,
    talk,
)
from contract.checks.sources import VISION_GUIDE
from contract.model.chat import (
    Image,
    Message,
    Probe,
    Text,
)
from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.tokens import counting

# Without a full stop, so that a blank line after it is a token of its own.
_BEFORE = Text("Look at this")
_AFTERWARDS = Text("Say it in one word.")
_MORE = Text("And now?")
FORTH = asked("images-in-order", QUESTION, square(56, 0), square(112, 255))
BACK = asked("images-swapped", QUESTION, square(112, 255), square(56, 0))
FIRST = asked("image-first", square(56), QUESTION)
LAST = asked("image-last", QUESTION, square(56))
BETWEEN = asked("image-between", _BEFORE, square(56), _AFTERWARDS)


def _turns(name: str, first: tuple[Image, ...], last: tuple[Image, ...]) -> Probe:
    return talk(
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
    sends=(FORTH, BACK),
    needs=SEEN,
)
def order_changes_no_count(forth: Exchange, back: Exchange) -> Findings:
    """Each is cut by its own size, so only their places change."""
    if found := raised(forth, back):
        yield Finding(
            "the order of two images changes what they cost",
            expected="the same prompt_tokens",
            actual=f"{found:+} when they are swapped",
            at=usage_location(back),
        )


@fault(breaks=order_changes_no_count, also=("multimodal.each-image-counts",))
def first_size_for_all(reply: Reply) -> Reply:
    """A batch of images is padded to the size of its first."""
    asked = reply.probe.messages if reply.probe is not None else ()
    extra = 0
    for message in asked:
        each = prices(reply.dialect, Probe(name="alone", messages=(message,)))
        extra += len(each) * each[0] - sum(each) if each else 0
    return charge(reply, extra)


@check(
    "multimodal.position-is-exact",
    "An image before, between or after texts MUST leave both texts as they are.",
    source="mistral-common, InstructTokenizerV13",
    sends=(FIRST, LAST, BETWEEN),
    needs=SEEN | {Capability.EXACT_TOKENS},
)
def position_is_exact(*exchanges: Exchange) -> Findings:
    """Texts that an image parts are not joined, texts without one are."""
    for exchange in exchanges:
        yield from exactly_counted(exchange)


@fault(breaks=position_is_exact)
def texts_joined_around_image(reply: Reply) -> Reply:
    """An adapter sends all images, then all texts as one."""
    asked = reply.probe.messages if reply.probe is not None else ()
    extra = 0
    for message in asked:
        texts = [part.text for part in message.parts if isinstance(part, Text)]
        if len(texts) > 1 and any(isinstance(p, Image) for p in message.parts):
            apart = sum(counting.text(text) for text in texts)
            extra += counting.text("\n\n".join(texts)) - apart
    return charge(reply, extra)


@check(
    "multimodal.earlier-images-count",
    "The images of earlier turns MUST stay in the prompt.",
    source=f"{VISION_GUIDE}; OpenAI API reference, messages",
    sends=(NO_TURN, FIRST_TURN, BOTH_TURNS),
    needs=SEEN,
)
def earlier_images_count(none: Exchange, first: Exchange, both: Exchange) -> Findings:
    yield from exactly(none, first)
    yield from exactly(first, both)
    yield from counts(none, both)


@fault(breaks=earlier_images_count)
def only_last_turn_shows(reply: Reply) -> Reply:
    """To save tokens, images of earlier turns are left out in silence."""
    if reply.probe is None:
        return reply
    past = Probe(name="past", messages=reply.probe.messages[:-1])
    return charge(reply, -sum(prices(reply.dialect, past)))
