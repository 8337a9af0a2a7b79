"""Whether an image part of a request can be served; nothing is ever fetched for it."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image as Pillow

from contract.model.chat import (
    Image,
    Probe,
)
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.rules import IMAGE_FORMATS
from contract.tokens import counting

LARGEST = 10 * 2**20  # bytes
LONGEST = 10_000  # pixels a side
# Bigger pictures are judged by their header: decoding them would cost seconds.
_DECODED = 16_000_000  # pixels


def problem(
    probe: Probe, most: int | None, formats: tuple[str, ...] = IMAGE_FORMATS
) -> Rejection | None:
    """Why an image of *probe* is refused; *most* is how many a request may have."""
    images = [
        (number, part)
        for number, message in enumerate(probe.messages)
        for part in message.parts
        if isinstance(part, Image)
    ]
    if most is not None and len(images) > most:
        return Rejection(
            reason=RejectionReason.IMAGE_COUNT, count=len(images), limit=most
        )
    for number, image in images:
        reason, message = _refusal(image, formats)
        if reason is not None:
            return Rejection(
                reason=reason,
                message=message,
                pointer=f"/messages/{number}/content",
                value=(image.url or "")[:80],
            )
    return None


def _refusal(
    image: Image, formats: tuple[str, ...]
) -> tuple[RejectionReason | None, str]:
    if image.url is None:
        if not image.media_type.lower().startswith("image/"):
            return RejectionReason.IMAGE, f"{image.media_type} is not an image type"
        return _judged(image.data, formats)
    scheme = image.url.partition(":")[0].lower()
    if scheme != "data":
        # An address is never opened: neither over the network nor as a file.
        return (
            RejectionReason.IMAGE_URL,
            "Image addresses are not fetched here; send a data URI",
        )
    if ";base64," not in image.url.lower():
        return RejectionReason.IMAGE, "Only base64 data URIs are supported"
    return RejectionReason.IMAGE, "Non-base64 digit found"


@lru_cache(maxsize=64)
def _judged(
    data: bytes, formats: tuple[str, ...]
) -> tuple[RejectionReason | None, str]:
    """Whether *data* is a whole picture of one of the *formats* and a bearable size."""
    size = counting.size(data)
    if size is None:
        return RejectionReason.IMAGE, "Failed to load image: cannot identify image file"
    if len(data) > LARGEST or max(size) > LONGEST:
        return (
            RejectionReason.IMAGE,
            f"Image is too large: {size[0]}x{size[1]} pixels, {len(data)} bytes",
        )
    try:
        with Pillow.open(io.BytesIO(data), formats=formats) as picture:
            if size[0] * size[1] <= _DECODED:
                picture.load()
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        return RejectionReason.IMAGE, f"Failed to load image: {error}"
    return None, ""
