"""Tekken in the form of byte-pair encoding: merges, and a character for each byte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise


def merges(ranks: tuple[bytes, ...]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the two tokens from which each longer token is merged, in rank order."""
    order = {token: rank for rank, token in enumerate(ranks)}
    for rank, token in enumerate(ranks):
        parts = [token[at : at + 1] for at in range(len(token))]
        while len(parts) > 2:  # noqa: PLR2004  # a merge joins two tokens
            joined = [order.get(left + right, rank) for left, right in pairwise(parts)]
            lowest = min(joined)
            if lowest == rank:
                break
            at = joined.index(lowest)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        if len(parts) == 2:  # noqa: PLR2004  # as above
            yield parts[0], parts[1]


def _alphabet() -> str:
    """Return GPT-2's mapping from each byte to a printable character."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in printable)
    replacements = {byte: 256 + number for number, byte in enumerate(others)}
    return "".join(chr(replacements.get(byte, byte)) for byte in range(256))


_ALPHABET = _alphabet()


def visible(token: bytes) -> str:
    """Return *token* in printable characters, one per byte."""
    # Latin-1 has one character per byte, which `translate` needs.
    return token.decode("latin-1").translate(_ALPHABET)
