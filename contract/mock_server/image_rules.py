"""Validation of the images in a request, without ever fetching a URL."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image as Pillow

from contract.model.chat import Image
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.rules import IMAGE_FORMATS
from contract.tokens import counting

MAX_BYTES = 10 * 2**20
MAX_SIDE = 10_000  # pixels
# Further images of a request are validated by their header alone: decoding them would
# take seconds.
_MAX_DECODED = 16_000_000  # pixels


def check_images(
    probe: Probe, limit: int | None, formats: tuple[str, ...] = IMAGE_FORMATS
) -> Rejection | None:
    """
    Return the rejection of the images of *probe*; None if all are acceptable.

    Args:
        probe: The request.
        limit: Number of images that a request may contain; None for any number.
        formats: Accepted formats, by Pillow's names.
    """
    images = [
        (number, part)
        for number, message in enumerate(probe.messages)
        for part in message.parts
        if isinstance(part, Image)
    ]
    if limit is not None and len(images) > limit:
        return Rejection(
            reason=RejectionReason.IMAGE_COUNT, count=len(images), limit=limit
        )
    pixels = _MAX_DECODED
    for number, image in images:
        width, height = counting.size(image.data) or (0, 0)
        pixels -= width * height
        reason, message = _check_image(image, formats, decode=pixels >= 0)
        if reason is not None:
            return Rejection(
                reason=reason,
                message=message,
                pointer=f"/messages/{number}/content",
                value=(image.url or "")[:80],
            )
    return None


def _check_image(
    image: Image, formats: tuple[str, ...], *, decode: bool
) -> tuple[RejectionReason | None, str]:
    if image.url is None:
        if not image.media_type.lower().startswith("image/"):
            return RejectionReason.IMAGE, f"{image.media_type} is not an image type"
        return _check_data(image.data, formats, decode)
    scheme = image.url.partition(":")[0].lower()
    if scheme != "data":
        # A URL is never opened: neither over the network nor as a file.
        return (
            RejectionReason.IMAGE_URL,
            "Image addresses are not fetched here; send a data URI",
        )
    if ";base64," not in image.url.lower():
        return RejectionReason.IMAGE, "Only base64 data URIs are supported"
    return RejectionReason.IMAGE, "Non-base64 digit found"


@lru_cache(maxsize=32)
def _check_data(
    data: bytes,
    formats: tuple[str, ...],
    decode: bool,  # noqa: FBT001  # part of the key of the cache
) -> tuple[RejectionReason | None, str]:
    """Check that *data* is a complete image of an accepted format and size."""
    size = counting.size(data)
    if size is None:
        return RejectionReason.IMAGE, "Failed to load image: cannot identify image file"
    if len(data) > MAX_BYTES or max(size) > MAX_SIDE:
        return (
            RejectionReason.IMAGE,
            f"Image is too large: {size[0]}x{size[1]} pixels, {len(data)} bytes",
        )
    try:
        with Pillow.open(io.BytesIO(data), formats=formats) as picture:
            if decode:
                picture.load()
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        return RejectionReason.IMAGE, f"Failed to load image: {error}"
    return None, ""
