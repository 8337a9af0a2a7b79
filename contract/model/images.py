"""Generated test images: small ones of any size and format, and hostile ones."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

from PIL import Image as Pillow
from PIL import WebPImagePlugin  # noqa: F401  # else Pillow loads all plug-ins for it

from contract.model.chat import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="56" height="84">'
    b'<rect width="56" height="84"/></svg>'
)


@cache
def picture(width: int, height: int, kind: str = "png", shade: int = 96) -> Image:
    """
    Return an image of one *shade* of grey (0-255), *width* by *height* pixels.

    *kind* is "png", "jpeg", "webp" or "gif". The size in bytes hardly grows with the
    dimensions.
    """
    stream = io.BytesIO()
    Pillow.new("L", (width, height), shade).save(stream, kind)
    return Image(stream.getvalue(), f"image/{kind}")


@cache
def truncated() -> Image:
    """
    Return a PNG file cut in half.

    It holds noise, which does not compress, so that half the bytes are about half the
    pixels.
    """
    noise = bytes((7 * n * n + 13 * n) % 251 for n in range(64 * 64))
    stream = io.BytesIO()
    Pillow.frombytes("L", (64, 64), noise).save(stream, "png")
    data = stream.getvalue()
    return Image(data[: len(data) // 2])


def empty() -> Image:
    """Return an image part whose data URI is empty."""
    return Image(b"")


def svg() -> Image:
    """Return an SVG, which vision models do not read and which may hold scripts."""
    return Image(SVG, "image/svg+xml")


@cache
def bomb(width: int, height: int) -> Image:
    """Return a PNG of about 100 bytes that declares *width* by *height* pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return Image(
        SIGNATURE
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(1_000)))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check
