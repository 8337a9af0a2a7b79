"""Tekken as byte-pair encoding spells it: merges, and a character for each byte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise


def merges(ranks: tuple[bytes, ...]) -> Iterator[tuple[bytes, bytes]]:
    """The two tokens that each token of more than one byte is merged from, by rank."""
    order = {token: rank for rank, token in enumerate(ranks)}
    for rank, token in enumerate(ranks):
        parts = [token[at : at + 1] for at in range(len(token))]
        while len(parts) > 2:  # noqa: PLR2004  # a merge makes one of two
            joined = [order.get(left + right, rank) for left, right in pairwise(parts)]
            lowest = min(joined)
            if lowest == rank:
                break
            at = joined.index(lowest)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        if len(parts) == 2:  # noqa: PLR2004  # as above
            yield parts[0], parts[1]


def _alphabet() -> str:
    """A printable character for each byte, as GPT-2 chose them."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in shown)
    stands = {byte: 256 + place for place, byte in enumerate(others)}
    return "".join(chr(stands.get(byte, byte)) for byte in range(256))


_SHOWN = _alphabet()


def visible(token: bytes) -> str:
    """*token* in printable characters, one a byte."""
    # Latin-1 is a character a byte, which is what `translate` wants.
    return token.decode("latin-1").translate(_SHOWN)
