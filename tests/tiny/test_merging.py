"""Tests of merges, and of characters for bytes."""

from functools import cache

from contract.tiny.merging import merges, visible
from contract.tiny.vocabulary import LEAST, vocabulary


@cache
def merged():
    return list(merges(vocabulary(LEAST).ranks))


def test_every_merge_makes_a_token_of_two_tokens():
    ranks = set(vocabulary(LEAST).ranks)

    assert all({left, right, left + right} <= ranks for left, right in merged())


def test_nearly_every_longer_token_has_its_merge():
    longer = {token for token in vocabulary(LEAST).ranks if len(token) > 1}
    made = {left + right for left, right in merged()}

    assert made <= longer
    assert len(longer - made) < len(longer) / 100


def test_every_byte_has_its_own_printable_character():
    characters = visible(bytes(range(256)))

    assert 256 == len(set(characters))
    assert characters.isprintable()
    assert "\u0120abc" == visible(b" abc")
