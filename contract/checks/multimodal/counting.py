"""Checks of the number of prompt tokens that images of various sizes cost."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.judging.usage import usage_location
from contract.checks.multimodal.combined import ALL_PLACES, ALL_SIZES, PLACES_AND_SIZES
from contract.checks.multimodal.image_cost import (
    EXACT_COST,
    NO_IMAGE,
    ONE_IMAGE,
    OTHER_IMAGE,
    QUESTION,
    VISION,
    add_prompt_tokens,
    ask,
    caps_image_tokens,
    expect_counted,
    expect_exact_cost,
    extra_tokens,
    image_cost,
    image_costs,
    sizes,
    square,
)
from contract.checks.sources import PIXTRAL, VLLM_IMAGES
from contract.model.chat import Image
from contract.model.check import Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.images import picture
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.tokens.patch_grid import LONGEST, PATCH, token_cost

SMALLEST = ask("smallest-image", QUESTION, square(1))
EDGES = tuple(
    ask(f"image-of-{side}", QUESTION, square(side))
    for side in (PATCH - 1, PATCH, PATCH + 1)
)
WIDE = ask("wide-image", QUESTION, picture(10 * PATCH, PATCH))
TALL = ask("tall-image", QUESTION, picture(PATCH, 10 * PATCH))
LONG = ask("long-image", QUESTION, picture(2 * LONGEST, 2 * PATCH))
HIGH = ask("high-image", QUESTION, picture(2 * PATCH, 2 * LONGEST))
HUGE = ask("huge-image", QUESTION, square(1_600))
TWO_IMAGES = ask("two-images", QUESTION, square(56), square(112))
SAME_TWICE = ask("same-image-twice", QUESTION, square(56), square(56))


@check(
    "multimodal.smallest-image-counts",
    "An image of one pixel MUST be part of the prompt.",
    source="0xPlaygrounds/rig#2331",
    sends=(NO_IMAGE, SMALLEST),
    needs=VISION,
    combined=ALL_SIZES,
)
def smallest_image_counts(text: Exchange, image: Exchange) -> Findings:
    """No documentation states a minimum size, so a small image must not be dropped."""
    yield from expect_exact_cost(text, image)


@fault(breaks=smallest_image_counts)
def tracking_pixel_dropped(reply: Reply) -> Reply:
    """A filter mistakes an image of one pixel for a tracking pixel and drops it."""
    lost = [
        image_cost(reply.dialect, size) for size in sizes(reply.probe) if size == (1, 1)
    ]
    return add_prompt_tokens(reply, -sum(lost))


@check(
    "multimodal.counts-begun-cells",
    "An image MUST cost its patches of 28 pixels, rounded as by its engine.",
    source=PIXTRAL,
    sends=(NO_IMAGE, *EDGES),
    needs=EXACT_COST,
    combined=ALL_SIZES,
)
def counts_begun_cells(text: Exchange, *images: Exchange) -> Findings:
    """The sides are one pixel below the patch size, equal to it, and one above it."""
    for image in images:
        yield from expect_exact_cost(text, image)


@fault(breaks=counts_begun_cells, where=caps_image_tokens)
def begun_cells_forgotten(reply: Reply) -> Reply:
    """The number of patches is rounded down instead of up."""
    return add_prompt_tokens(
        reply,
        sum(
            image_cost(reply.dialect, (width // PATCH * PATCH, height // PATCH * PATCH))
            - image_cost(reply.dialect, (width, height))
            for width, height in sizes(reply.probe)
            if width % PATCH == height % PATCH == 1 < width
        ),
    )


@check(
    "multimodal.counts-rows-and-columns",
    "A wide and a tall image MUST cost one break token per row, not per column.",
    source=PIXTRAL,
    sends=(NO_IMAGE, WIDE, TALL),
    needs=EXACT_COST,
    combined=PLACES_AND_SIZES,
)
def counts_rows_and_columns(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from expect_exact_cost(text, image)


@fault(
    breaks=counts_rows_and_columns, also=("multimodal.shrinks-long-sides", "context")
)
def rows_and_columns_swapped(reply: Reply) -> Reply:
    """Width and height are swapped between two libraries."""
    grid = reply.dialect.patch_grid
    if grid is None:
        return reply
    return add_prompt_tokens(
        reply,
        sum(
            token_cost(grid(height, width)) - token_cost(grid(width, height))
            for width, height in sizes(reply.probe)
            if width and height
        ),
    )


@check(
    "multimodal.shrinks-long-sides",
    "An image with a long side MUST cost the patches of its downscaled size.",
    source=f"{PIXTRAL}; Mistral vision guide, image sizes",
    sends=(NO_IMAGE, LONG, HIGH),
    needs=EXACT_COST,
    combined=PLACES_AND_SIZES,
)
def shrinks_long_sides(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from expect_exact_cost(text, image)


def _full_size_cost(width: int, height: int) -> int:
    """Return the prompt tokens of an image that is not downscaled."""
    return token_cost(((width - 1) // PATCH + 1, (height - 1) // PATCH + 1))


def _not_downscaled(reply: Reply, least: int) -> Reply:
    """Return *reply* with no downscaling of images with *least* pixels a side."""
    return add_prompt_tokens(
        reply,
        sum(
            _full_size_cost(*size) - image_cost(reply.dialect, size)
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
    """The preprocessor is configured without a maximum side length."""
    return _not_downscaled(reply, 1)


@check(
    "multimodal.huge-image-is-bounded",
    "An image whose sides are both too long MUST cost its downscaled size.",
    source=f"{PIXTRAL}; Mistral vision guide, image sizes",
    sends=(NO_IMAGE, HUGE),
    needs=EXACT_COST,
    slow=True,
)
def huge_image_is_bounded(text: Exchange, image: Exchange) -> Findings:
    yield from expect_exact_cost(text, image)


@fault(breaks=huge_image_is_bounded)
def huge_image_kept(reply: Reply) -> Reply:
    """Large images are not downscaled, and a single photo fills the context window."""
    return _not_downscaled(reply, LONGEST)


@check(
    "multimodal.each-image-counts",
    "Two images in a message MUST cost as much as both of them separately.",
    source="0xPlaygrounds/rig#2331",
    sends=(NO_IMAGE, ONE_IMAGE, OTHER_IMAGE, TWO_IMAGES),
    needs=VISION,
    combined=ALL_SIZES,
)
def each_image_counts(
    text: Exchange, one: Exchange, other: Exchange, both: Exchange
) -> Findings:
    """Without an exact formula, more than either one suffices: they may be packed."""
    single = extra_tokens(text, one), extra_tokens(text, other)
    found = extra_tokens(text, both)
    exact = Capability.EXACT_IMAGES in text.profile.offers
    if found != sum(single) if exact else found <= max(single):
        yield Finding(
            "not every image of a message is counted",
            expected=f"{sum(single)} more prompt_tokens than without an image",
            actual=f"{found} more; separately they cost {single[0]} and {single[1]}",
            at=usage_location(both),
        )


@fault(breaks=each_image_counts, also=("multimodal",))
def last_image_wins(reply: Reply) -> Reply:
    """The template has a single image slot per message, which the last image takes."""
    messages = reply.probe.messages if reply.probe is not None else ()
    lost = 0
    for message in messages:
        alone = Probe(name="alone", messages=(message,))
        lost += sum(image_costs(reply.dialect, alone)[:-1])
    return add_prompt_tokens(reply, -lost)


@check(
    "multimodal.repeated-image-counts-again",
    "The same image twice in a message MUST cost more than one copy of it.",
    source=VLLM_IMAGES,
    sends=(ONE_IMAGE, SAME_TWICE),
    needs=VISION,
    combined=ALL_PLACES,
)
def repeated_image_counts_again(once: Exchange, twice: Exchange) -> Findings:
    """Engines cache images by their hash, which must not merge two positions."""
    yield from expect_exact_cost(once, twice)


@fault(breaks=repeated_image_counts_again, also=("multimodal.earlier-images-count",))
def same_image_once(reply: Reply) -> Reply:
    """Images are cached by their hash, and the second copy is left out."""
    images = [
        part
        for message in (reply.probe.messages if reply.probe is not None else ())
        for part in message.parts
        if isinstance(part, Image)
    ]
    lost = sum(image_costs(reply.dialect, reply.probe))
    if reply.probe is not None:
        distinct = ask(
            "distinct", *dict.fromkeys(replace(i, detail=None) for i in images)
        )
        lost -= sum(image_costs(reply.dialect, distinct))
    return add_prompt_tokens(reply, -lost)


@check(
    "multimodal.image-counts",
    "An accepted image MUST be part of the prompt, not silently dropped.",
    source="0xPlaygrounds/rig#2331",
    sends=(NO_IMAGE, ONE_IMAGE, OTHER_IMAGE),
    needs=VISION,
    combined=ALL_SIZES,
)
def image_counts(text: Exchange, *images: Exchange) -> Findings:
    for image in images:
        yield from expect_counted(text, image)


@fault(breaks=image_counts, also=("multimodal", "context"))
def images_dropped(reply: Reply) -> Reply:
    """A client library or a text-only model drops the images from the prompt."""
    return add_prompt_tokens(reply, -sum(image_costs(reply.dialect, reply.probe)))
