"""The kinds of change that turn one text into another, named for a finding."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import chain

_STRAIGHT = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    }
)
# Beside the category Cf: the selectors of the form of an emoji.
_SELECTORS = frozenset("\ufe0e\ufe0f")


class Change(StrEnum):
    """What happened to a text, as a clause of a finding."""

    ESCAPED = "HTML entities were escaped"
    UNESCAPED = "HTML entities were decoded"
    COMPOSED = "it was normalised to NFC"
    DECOMPOSED = "it was normalised to NFD"
    FOLDED = "compatibility characters were folded (NFKC)"
    CURLED = "straight quotes were curled"
    STRAIGHTENED = "curly quotes were straightened"
    INVISIBLE_LOST = "invisible characters were removed"
    INVISIBLE_ADDED = "invisible characters were inserted"
    BREAKS_CHANGED = "line feeds became other line breaks"
    BLANKS_CHANGED = "white space was replaced by another kind"
    BLANKS_LOST = "white space was removed"
    BLANKS_ADDED = "white space was added"
    MARKS_LOST = "combining marks were removed"
    MARKS_ADDED = "combining marks were added"
    CASE = "letters changed their case"
    DOUBLED = "it was doubled"
    CUMULATIVE = "each delta repeats the text before it"  # of a stream's deltas
    REORDERED = "its parts were reordered"
    LOST = "characters were lost"


# No model writes these where it repeats a text; only a server or a gateway does.
OF_SERVERS = frozenset(
    {
        Change.ESCAPED,
        Change.DECOMPOSED,
        Change.FOLDED,
        Change.INVISIBLE_ADDED,
        Change.BREAKS_CHANGED,
    }
)


def change_of(before: str, after: str) -> Change | None:
    """
    Return what turned *before* into *after*; None if nothing did, or other words.

    Of several kinds that fit, the most specific is returned.
    """
    if before == after:
        return None
    return next(chain(_spelled(before, after), _arranged(before, after)), None)


def _spelled(before: str, after: str) -> Iterator[Change]:
    """Yield the changes that keep every letter."""
    if html.unescape(after) in {before, html.unescape(before)}:
        yield Change.ESCAPED if len(after) > len(before) else Change.UNESCAPED
    if _normal("NFC", before) == _normal("NFC", after):
        composed = len(after) < len(before)
        yield Change.COMPOSED if composed else Change.DECOMPOSED
    if _normal("NFKC", before) == after:
        yield Change.FOLDED
    if before.translate(_STRAIGHT) == after.translate(_STRAIGHT):
        curled = _curls(after) > _curls(before)
        yield Change.CURLED if curled else Change.STRAIGHTENED
    if _visible(before) == _visible(after):
        lost = len(after) < len(before)
        yield Change.INVISIBLE_LOST if lost else Change.INVISIBLE_ADDED
    yield from _spaced(before, after)
    if _unmarked(before) == _unmarked(after):
        yield (
            Change.MARKS_LOST if _marks(after) < _marks(before) else Change.MARKS_ADDED
        )
    if before.casefold() == after.casefold():
        yield Change.CASE


def _spaced(before: str, after: str) -> Iterator[Change]:
    """Yield the changes of white space alone."""
    if after.replace("\r\n", "\n").replace("\r", "\n") == before:
        yield Change.BREAKS_CHANGED
    if before.split() == after.split() and len(before) == len(after):
        yield Change.BLANKS_CHANGED
    if "".join(before.split()) == "".join(after.split()):
        lost = len(after) <= len(before)
        yield Change.BLANKS_LOST if lost else Change.BLANKS_ADDED


def _arranged(before: str, after: str) -> Iterator[Change]:
    """Yield the changes that repeat, move, remove or add letters."""
    if not before or not after:
        return
    if after == before * 2 or after == "".join(letter * 2 for letter in before):
        yield Change.DOUBLED
    if sorted(before) == sorted(after):
        yield Change.REORDERED
    twice = len(after) == 2 * len(before) and set(after) == set(before)
    if twice and _is_within(before, after):
        yield Change.DOUBLED
    # Half of a text, with letters in their order, is another text.
    if _is_within(after, before) and 2 * len(after) > len(before):
        yield Change.LOST


def _curls(text: str) -> int:
    return sum(ord(letter) in _STRAIGHT for letter in text)


def _normal(form: str, text: str) -> str:
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]  # the name of one


def _kept(text: str, keep: Callable[[str], bool]) -> str:
    return "".join(letter for letter in text if keep(letter))


def _visible(text: str) -> str:
    return _kept(
        text,
        lambda one: unicodedata.category(one) != "Cf" and one not in _SELECTORS,
    )


def _unmarked(text: str) -> str:
    return _kept(
        _normal("NFD", text), lambda one: not unicodedata.category(one).startswith("M")
    )


def _marks(text: str) -> int:
    return len(_normal("NFD", text)) - len(_unmarked(text))


def _is_within(short: str, long: str) -> bool:
    """Return whether the letters of *short* occur in *long*, in their order."""
    letters = iter(long)
    return all(letter in letters for letter in short)
