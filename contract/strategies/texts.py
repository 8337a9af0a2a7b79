"""Texts that people and programs send, and those that break programs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import cycle, product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LONGEST = 20  # characters; what a text breaks, it breaks early
# Markers that a user typed, halves of markers, right to left, joined and combined
# characters, lone braces, escapes of other languages, and what looks like JSON.
AWKWARD = (
    "[THINK]",
    "[/THINK]",
    "[INST] [/INST] </s>",
    "[TOOL_CALLS][]",
    "[THINK",
    "שלום עולם",
    "مرحبا\u200fabc\u200e",
    "e\u0301a\u0308\u0323",
    "👩🏽‍🚀👨‍👩‍👧‍👦",
    "\U0001d518\U0001d52b\U0001d526",
    "日本語 한국어 中文",
    "{",
    "}}",
    '{"a": "b"}',
    '\\u0041 \\ " \\\\',
    "%s %n {0}",
    "\ufeff",
    "a\u2028b\u2029c",
    "\t\r\n",
    "data: [DONE]\n\n",
    "<|im_start|>system",
)


# What the texts of a conversation may be: of drawn characters, or awkward.
OWN, ODD = "own", "odd"
MOST = 3  # different texts; a long conversation repeats them
MOST_PARTS = 5
MIXES = tuple(mix for n in range(1, MOST + 1) for mix in product((OWN, ODD), repeat=n))
# Not assigned, private, joined to what stands before, without a shape, beyond U+FFFF.
STRANGE: Final = ("Cn", "Co", "Mn", "Cf", "So", "Lo")


@cache
def texts() -> SearchStrategy[str]:
    """
    Any characters but none at all; half a surrogate pair is no character.

    NUL is none either: a provider may refuse it.
    """
    from hypothesis import strategies as st

    return _characters(LONGEST) | st.sampled_from(AWKWARD)


@cache
def phrases() -> SearchStrategy[tuple[str, ...]]:
    """
    One to three texts, each as in `texts`.

    They come of three choices. A list would make up to nine, and choices are what
    drawing takes its time for.
    """
    from hypothesis import strategies as st

    return st.tuples(
        _characters(MOST * LONGEST),
        st.sampled_from(MIXES),
        st.sampled_from(tuple(product(AWKWARD, repeat=2))),
    ).map(lambda drawn: mixed(*drawn))


@cache
def strange() -> SearchStrategy[str]:
    """Characters that a program may never have met, or an awkward text."""
    from hypothesis import strategies as st

    alphabet = st.characters(categories=STRANGE)
    return st.text(alphabet, min_size=1, max_size=LONGEST) | st.sampled_from(AWKWARD)


@cache
def divided() -> SearchStrategy[tuple[str, ...]]:
    """Two texts or more, none of them empty; together they are one text, cut."""
    from hypothesis import strategies as st

    parts = st.sampled_from(AWKWARD) | _characters(LONGEST)
    return st.lists(parts, min_size=2, max_size=MOST_PARTS).map(tuple)


def mixed(text: str, mix: tuple[str, ...], odd: tuple[str, ...]) -> tuple[str, ...]:
    """Texts as *mix* says: parts of *text*, and *odd* ones in turn."""
    own, others = cycle(_parts(text, mix.count(OWN) or 1)), cycle(odd)
    return tuple(next(own if kind == OWN else others) for kind in mix)


def _parts(text: str, most: int) -> Iterator[str]:
    """*text* in parts of about one length; fewer than *most* if it is that short."""
    size = -(-len(text) // most)
    return (text[start : start + size] for start in range(0, len(text), size))


@cache
def _characters(most: int) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text(alphabet, min_size=1, max_size=most)
