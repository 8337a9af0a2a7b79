"""Sizes of memory as people write them, in bytes."""

from __future__ import annotations

import math
import re

from contract.errors import UsageError

KIB, MIB, GIB = 2**10, 2**20, 2**30
_UNITS = {
    "": GIB,
    "g": GIB,
    "gib": GIB,
    "gb": 10**9,
    "m": MIB,
    "mib": MIB,
    "mb": 10**6,
    "t": 2**40,
    "tib": 2**40,
    "tb": 10**12,
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII)
_MOST = 2**50  # a petabyte; more is a mistake


def parse_size(option: str, text: str) -> int:
    """
    Return the bytes of a size such as `24GiB`, `24GB` or `24`, which is in GiB.

    Args:
        option: Name for the message, such as `--gpu`.
        text: What the user wrote.

    Raises:
        UsageError: It is no size, nothing, or beyond a pebibyte.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    unit = None if found is None else _UNITS.get(found[2])
    if found is None or unit is None:
        raise UsageError(
            f"{option} must be a size such as 24GiB or 24GB, not {text[:40]!r}."
        )
    size = float(found[1]) * unit
    if not 0 < size <= _MOST or not math.isfinite(size):
        raise UsageError(
            f"{option} must be more than 0 and at most 1024 TiB, not {text[:40]!r}."
        )
    return int(size)


def gib(size: float) -> str:
    """Return *size* bytes in GiB with two digits after the point, such as `13.35`."""
    return f"{size / GIB:.2f}"
