"""That each image costs what its size makes of it, and every image costs."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.image_cost import (
    EXACT,
    NO_IMAGE,
    ONE_IMAGE,
    OTHER_IMAGE,
    QUESTION,
    SEEN,
    asked,
    caps_image_tokens,
    charge,
    counts,
    exactly,
    price,
    prices,
    raised,
    sizes,
    square,
)
from contract.checks.sources import PIXTRAL
from contract.model.chat import (
    Image,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.images import picture
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.tokens.patch_grid import (
    LONGEST,
    PATCH,
    token_cost,
)

SMALLEST = asked("smallest-image", QUESTION, square(1))
EDGES = tuple(
    asked(f"image-of-{side}", QUESTION, square(side))
    for side in (PATCH - 1, PATCH, PATCH + 1)
)
WIDE = asked("wide-image", QUESTION, picture(10 * PATCH, PATCH))
TALL = asked("tall-image", QUESTION, picture(PATCH, 10 * PATCH))
LONG = asked("long-image", QUESTION, picture(2 * LONGEST, 2 * PATCH))
HIGH = asked("high-image", QUESTION, picture(2 * PATCH, 2 * LONGEST))
HUGE = asked("huge-image", QUESTION, square(1_600))
TWO_IMAGES = asked("two-images", QUESTION, square(56), square(112))
SAME_TWICE = asked("same-image-twice", QUESTION, square(56), square(56))


@check(
    "multimodal.smallest-image-counts",
    "An image of one pixel MUST be seen.",
    source="0xPlaygrounds/rig#2331",
    sends=(NO_IMAGE, SMALLEST),
    needs=SEEN,
)
def smallest_image_counts(text: Exchange, image: Exchange) -> Findings:
    """No document sets a smallest size, and dropping one silently is a lie."""
    yield from exactly(text, image)


@fault(breaks=smallest_image_counts)
def tracking_pixel_dropped(reply: Reply) -> Reply:
    """A filter takes an image of one pixel for a tracker and drops it."""
    gone = [price(reply.dialect, size) for size in sizes(reply.probe) if size == (1, 1)]
    return charge(reply, -sum(gone))


@check(
    "multimodal.counts-begun-cells",
    "An image MUST cost its cells of 28 pixels, as its engine rounds them.",
    source=PIXTRAL,
    sends=(NO_IMAGE, *EDGES),
    needs=EXACT,
)
def counts_begun_cells(text: Exchange, *images: Exchange) -> Findings:
    """One pixel less than a cell, a cell, and one pixel more."""
    for image in images:
        yield from exactly(text, image)


@fault(breaks=counts_begun_cells, where=caps_image_tokens)
def begun_cells_forgotten(reply: Reply) -> Reply:
    """Cells are counted by a division that rounds down."""
    return charge(
        reply,
        sum(
            price(reply.dialect, (width // PATCH * PATCH, height // PATCH * PATCH))
            - price(reply.dialect, (width, height))
            for width, height in sizes(reply.probe)
            if width % PATCH == height % PATCH == 1 < width
        ),
    )


@check(
    "multimodal.counts-rows-and-columns",
    "A wide and a tall image MUST cost a break for each row, not for each column.",
    source=PIXTRAL,
    sends=(NO_IMAGE, WIDE, TALL),
    needs=EXACT,
)
def counts_rows_and_columns(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from exactly(text, image)


@fault(
    breaks=counts_rows_and_columns, also=("multimodal.shrinks-long-sides", "context")
)
def rows_and_columns_swapped(reply: Reply) -> Reply:
    """Width and height change places on the way from one library to the next."""
    cells = reply.dialect.patch_grid
    if cells is None:
        return reply
    return charge(
        reply,
        sum(
            token_cost(cells(height, width)) - token_cost(cells(width, height))
            for width, height in sizes(reply.probe)
            if width and height
        ),
    )


@check(
    "multimodal.shrinks-long-sides",
    "An image with a long side MUST cost what its engine's shrinking leaves of it.",
    source=f"{PIXTRAL}; Mistral vision guide, image sizes",
    sends=(NO_IMAGE, LONG, HIGH),
    needs=EXACT,
)
def shrinks_long_sides(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from exactly(text, image)


def _unshrunk(width: int, height: int) -> int:
    return token_cost(((width - 1) // PATCH + 1, (height - 1) // PATCH + 1))


def _kept(reply: Reply, least: int) -> Reply:
    """Images of which both sides are *least* pixels or more are not shrunk."""
    return charge(
        reply,
        sum(
            _unshrunk(*size) - price(reply.dialect, size)
            for size in sizes(reply.probe)
            if max(size) > LONGEST and min(size) >= least
        ),
    )


@fault(
    breaks=shrinks_long_sides,
    also=("multimodal.huge-image-is-bounded",),
    where=caps_image_tokens,
)
def long_sides_kept(reply: Reply) -> Reply:
    """The preprocessor is configured without its longest side."""
    return _kept(reply, 1)


@check(
    "multimodal.huge-image-is-bounded",
    "An image too large to be seen whole MUST cost what its shrinking leaves of it.",
    source=f"{PIXTRAL}; Mistral vision guide, image sizes",
    sends=(NO_IMAGE, HUGE),
    needs=EXACT,
    slow=True,
)
def huge_image_is_bounded(text: Exchange, image: Exchange) -> Findings:
    yield from exactly(text, image)


@fault(breaks=huge_image_is_bounded)
def huge_image_kept(reply: Reply) -> Reply:
    """Many pixels make many tokens, and one photo fills the context."""
    return _kept(reply, LONGEST)


@check(
    "multimodal.each-image-counts",
    "Two images in a message MUST cost as much as both alone.",
    source="0xPlaygrounds/rig#2331",
    sends=(NO_IMAGE, ONE_IMAGE, OTHER_IMAGE, TWO_IMAGES),
    needs=SEEN,
)
def each_image_counts(
    text: Exchange, one: Exchange, other: Exchange, both: Exchange
) -> Findings:
    """Without a formula, more than either alone is enough: they may be packed."""
    single = raised(text, one), raised(text, other)
    found = raised(text, both)
    exact = Capability.EXACT_IMAGES in text.profile.offers
    if found != sum(single) if exact else found <= max(single):
        yield Finding(
            "not every image of a message is counted",
            expected=f"{sum(single)} more prompt_tokens than without an image",
            actual=f"{found} more; alone they cost {single[0]} and {single[1]}",
            at=usage_location(both),
        )


@fault(breaks=each_image_counts, also=("multimodal",))
def last_image_wins(reply: Reply) -> Reply:
    """The template has room for one image, and the last one takes it."""
    asked = reply.probe.messages if reply.probe is not None else ()
    lost = 0
    for message in asked:
        alone = Probe(name="alone", messages=(message,))
        lost += sum(prices(reply.dialect, alone)[:-1])
    return charge(reply, -lost)


@check(
    "multimodal.repeated-image-counts-again",
    "The same image twice in a message MUST cost more than once.",
    source="https://docs.vllm.ai/en/latest/features/multimodal_inputs",
    sends=(ONE_IMAGE, SAME_TWICE),
    needs=SEEN,
)
def repeated_image_counts_again(once: Exchange, twice: Exchange) -> Findings:
    """Engines keep images by their hash; a cache must not merge two places."""
    yield from exactly(once, twice)


@fault(breaks=repeated_image_counts_again, also=("multimodal.earlier-images-count",))
def same_image_once(reply: Reply) -> Reply:
    """Images are kept by their hash, and the second place of one stays empty."""
    images = [
        part
        for message in (reply.probe.messages if reply.probe is not None else ())
        for part in message.parts
        if isinstance(part, Image)
    ]
    lost = sum(prices(reply.dialect, reply.probe))
    if reply.probe is not None:
        known = asked("known", *dict.fromkeys(replace(i, detail=None) for i in images))
        lost -= sum(prices(reply.dialect, known))
    return charge(reply, -lost)


@check(
    "multimodal.image-counts",
    "An image that is accepted MUST be seen, not left out in silence.",
    source="0xPlaygrounds/rig#2331",
    sends=(NO_IMAGE, ONE_IMAGE, OTHER_IMAGE),
    needs=SEEN,
)
def image_counts(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from counts(text, image)


@fault(breaks=image_counts, also=("multimodal", "context"))
def images_dropped(reply: Reply) -> Reply:
    """A client library or a text-only model leaves the images out of the prompt."""
    return charge(reply, -sum(prices(reply.dialect, reply.probe)))
