"""Pictures to send: tiny ones that can be decoded, and ones that cannot."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from contract.model.chat import Image
from contract.model.images import picture

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# One cell, a cell and a bit, and more rows than columns.
SIZES = ((1, 1), (28, 28), (29, 15), (8, 57))
FORMATS = ("png", "jpeg")  # llama.cpp reads no WebP


@cache
def pictures() -> tuple[Image, ...]:
    """Every format in every size, the smallest first."""
    return tuple(picture(*size, kind) for size in SIZES for kind in FORMATS)


@cache
def images() -> SearchStrategy[Image]:
    """A picture that every provider with eyes can see."""
    from hypothesis import strategies as st

    return st.sampled_from(pictures())


@cache
def corrupt() -> Mapping[str, Image]:
    """What says it is a picture and is none, by what it is: text, or parts of one."""
    png = pictures()[0].data
    return {
        "image-is-text": Image(b"this is no image"),
        "image-cut-short": Image(png[:12]),
        "image-without-head": Image(png[8:]),
        "image-of-zeros": Image(b"\0" * 64, "image/jpeg"),
    }
