"""Strategies for images: tiny ones that can be decoded, and corrupt ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from contract.model.chat import Image
from contract.model.images import picture

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# (width, height) in pixels: less than a patch, one, two, and more rows than columns.
SIZES = ((1, 1), (28, 28), (29, 15), (8, 57))
FORMATS = ("png", "jpeg")  # llama.cpp does not decode WebP


@cache
def pictures() -> tuple[Image, ...]:
    """Return images of every format in every size, the smallest first."""
    return tuple(picture(*size, kind) for size in SIZES for kind in FORMATS)


@cache
def images() -> SearchStrategy[Image]:
    """Draw an image that every server with vision can decode."""
    from hypothesis import strategies as st

    return st.sampled_from(pictures())


@cache
def corrupt() -> Mapping[str, Image]:
    """Return image parts that cannot be decoded, by the name of the defect."""
    png = pictures()[0].data
    return {
        "image-is-text": Image(b"this is no image"),
        "image-cut-short": Image(png[:12]),
        "image-without-head": Image(png[8:]),
        "image-of-zeros": Image(b"\0" * 64, "image/jpeg"),
    }
