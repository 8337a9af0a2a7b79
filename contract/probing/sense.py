"""Recognition of gibberish: text that a broken engine or broken weights generate."""

from __future__ import annotations

import re
from collections import Counter

# Shorter texts are not judged by their statistics: "Hm." is no gibberish.
_SHORTEST = 16  # characters
_RUN = 12  # equal characters in a row
_REPEATED = 0.6  # share of a text that one repeated part fills
_LONGEST_PART = 64  # characters of a part that is repeated
_FEW_LETTERS = 0.25  # share of letters and digits
_UNDECODABLE = 0.1  # share of replacement characters
_JUDGED = 4_096  # characters at the end of a text: an engine degrades towards it
# Rules and tables of Markdown repeat these characters.
_RULES = "=_*.#|~-"
_RUNNING = re.compile(rf"([^\s\d{_RULES}])\1{{{_RUN - 1},}}")
_WITHOUT_RULES = str.maketrans("", "", _RULES)
_WORD = re.compile(r"\S+")
_MOST_OF_ONE_WORD = 0.5
_ENOUGH_WORDS = 12
_QUOTED = 24  # characters of a text in a message


def gibberish_in(text: str) -> str:
    """
    Return why *text* makes no sense, as a clause; an empty string if it may.

    Total on any text. Usage: `gibberish_in("!" * 40)` is `one character repeats:
    "!!!!!!!!!!!!!!!!!!!!!!!!"`.
    """
    text = text[-_JUDGED:]
    if found := _RUNNING.search(text):
        return f"one character repeats: {_quoted(found[0])}"
    if len(text) < _SHORTEST:
        return ""
    if text.count("\ufffd") > _UNDECODABLE * len(text):
        return f"bytes that are no text: {_quoted(text)}"
    if part := _repeated_part(text):
        return f"one part repeats: {_quoted(part)}"
    return _poor(text)


def _poor(text: str) -> str:
    """Return why the words of *text* are none, as a clause; empty if they may be."""
    words = _WORD.findall(text)
    if len(words) >= _ENOUGH_WORDS:
        word, times = Counter(words).most_common(1)[0]
        if times > _MOST_OF_ONE_WORD * len(words):
            return f"one word repeats: {_quoted(word)}"
    dense = "".join(words).translate(_WITHOUT_RULES)
    if sum(map(str.isalnum, dense)) < _FEW_LETTERS * len(dense):
        return f"hardly any letters or digits: {_quoted(text)}"
    return ""


def _repeated_part(text: str) -> str:
    """Return the part that fills most of *text* by being repeated; empty if none."""
    tail = text.rstrip()
    for length in range(1, min(_LONGEST_PART, len(tail) // 4) + 1):
        part = tail[-length:]
        if not part.strip(f" \n0123456789{_RULES}"):
            continue
        times = 1
        while tail[: len(tail) - times * length].endswith(part):
            times += 1
        if times >= 4 and times * length >= _REPEATED * len(tail):  # noqa: PLR2004  # as below
            return part
    return ""


def _quoted(text: str) -> str:
    """Return the beginning of *text* in quotation marks, on one line."""
    line = " ".join(text.split()) or "white space"
    return f'"{line[:_QUOTED]}"'
