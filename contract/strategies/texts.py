"""Strategies for texts: any characters, and texts that often cause defects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import cycle, product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LONGEST = 20  # characters; a longer text rarely finds more defects
# Markers in user text, halves of markers, right-to-left text, joined and combined
# characters, lone braces, escapes of other languages, and text that resembles JSON.
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


# Sources of a text in a conversation: drawn characters, or `AWKWARD`.
OWN, ODD = "own", "odd"
MOST = 3  # different texts; a long conversation repeats them
MOST_PARTS = 5
MIXES = tuple(mix for n in range(1, MOST + 1) for mix in product((OWN, ODD), repeat=n))
# Unicode categories: unassigned, private use, combining marks, format characters,
# symbols, and letters without case.
STRANGE: Final = ("Cn", "Co", "Mn", "Cf", "So", "Lo")


@cache
def texts() -> SearchStrategy[str]:
    """
    Draw a text of at least one character.

    Lone surrogates are excluded because they are not characters, and NUL because a
    server may reject it.
    """
    from hypothesis import strategies as st

    return _characters(LONGEST) | st.sampled_from(AWKWARD)


@cache
def phrases() -> SearchStrategy[tuple[str, ...]]:
    """
    Draw one to three texts, each as in `texts`.

    This takes three choices where a list takes up to nine, and the number of choices
    dominates the time of a draw.
    """
    from hypothesis import strategies as st

    return st.tuples(
        _characters(MOST * LONGEST),
        st.sampled_from(MIXES),
        st.sampled_from(tuple(product(AWKWARD, repeat=2))),
    ).map(lambda drawn: mixed(*drawn))


@cache
def unusual_characters() -> SearchStrategy[str]:
    """Draw a text of characters that programs rarely handle, or an awkward text."""
    from hypothesis import strategies as st

    alphabet = st.characters(categories=STRANGE)
    return st.text(alphabet, min_size=1, max_size=LONGEST) | st.sampled_from(AWKWARD)


@cache
def divided() -> SearchStrategy[tuple[str, ...]]:
    """Draw two to five texts, none of them empty, as the parts of a divided text."""
    from hypothesis import strategies as st

    parts = st.sampled_from(AWKWARD) | _characters(LONGEST)
    return st.lists(parts, min_size=2, max_size=MOST_PARTS).map(tuple)


def mixed(text: str, mix: tuple[str, ...], odd: tuple[str, ...]) -> tuple[str, ...]:
    """
    Return one text for each entry of *mix*.

    `OWN` stands for a part of *text*, and `ODD` for the next of the texts *odd*, in
    rotation.
    """
    own, others = cycle(_parts(text, mix.count(OWN) or 1)), cycle(odd)
    return tuple(next(own if kind == OWN else others) for kind in mix)


def _parts(text: str, most: int) -> Iterator[str]:
    """Return *text* in up to *most* parts of about equal length."""
    size = -(-len(text) // most)
    return (text[start : start + size] for start in range(0, len(text), size))


@cache
def _characters(most: int) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text(alphabet, min_size=1, max_size=most)
