"""Tickets: a word in each prompt that identifies the request in any reply."""

from __future__ import annotations

import hashlib
import re

# Without the characters that people and models confuse.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BITS = 25  # of the number, and of its check sum
MOST_NUMBERS = 1 << _BITS
_LENGTH = 10  # characters after the K
_TICKET = re.compile(rf"(?<![A-Za-z0-9])K[{_ALPHABET}]{{{_LENGTH}}}(?![A-Za-z0-9])")


def ticket(number: int, seed: int) -> str:
    """
    Return the ticket of the request *number*, from 0, of the run with that *seed*.

    It holds the number and a check sum of both, so that a model cannot invent one, and
    a foreign ticket in a reply tells whose prompt it is from. Usage: `ticket(7, 42)`.
    """
    value = (number << _BITS) | _check_sum(number, seed)
    text = ""
    for _ in range(_LENGTH):
        value, rest = divmod(value, len(_ALPHABET))
        text = _ALPHABET[rest] + text
    return f"K{text}"


def tickets_in(text: str, seed: int) -> frozenset[int]:
    """Return the numbers of the requests of the run whose tickets are in *text*."""
    found = set()
    for word in _TICKET.findall(text):
        value = 0
        for character in word[1:]:
            value = value * len(_ALPHABET) + _ALPHABET.index(character)
        number, check_sum = divmod(value, MOST_NUMBERS)
        if check_sum == _check_sum(number, seed):
            found.add(number)
    return frozenset(found)


def _check_sum(number: int, seed: int) -> int:
    digest = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % MOST_NUMBERS
