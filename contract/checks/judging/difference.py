"""What distinguishes a streamed text from the whole one: what was lost or changed."""

from __future__ import annotations

import html
import unicodedata

from contract.model.check import spell

SHOWN = 24  # characters of the part that was lost
SHORTEST = 24  # characters of a text whose length says something


def loss(whole: str, streamed: str) -> str:
    """
    Return what *streamed* lost or altered of *whole*, as a clause.

    It is empty for the same text, and for another wording.

    Usage::

        >>> loss("The answer is 42", "answer is 42")
        'the first 4 characters are lost: "The "'
        >>> loss("a b", "ab")
        'white space is lost'
        >>> loss("The answer is 42", "It is 42")
        ''
    """
    if whole == streamed:
        return ""
    if not streamed or not whole:
        return "all of it is lost" if whole else f"{len(streamed)} characters are added"
    if whole.endswith(streamed):
        return _lost("first", whole[: -len(streamed)])
    if whole.startswith(streamed):
        return _lost("last", whole[len(streamed) :])
    return _alteration(whole, streamed) or _gaps(whole, streamed)


def most_is_lost(whole: str, streamed: str) -> str:
    """
    Return that most of *whole* is missing from *streamed*, as a clause; "" if not.

    Only for texts of the same number of tokens: other wordings differ in length.
    """
    if 2 * len(streamed) >= len(whole) or len(whole) < SHORTEST:
        return ""
    return f"{len(streamed)} characters are left of {len(whole)}"


def _lost(which: str, part: str) -> str:
    characters = "character is" if len(part) == 1 else f"{len(part)} characters are"
    shown = part if len(part) <= SHOWN else part[:SHOWN] + "…"
    return f"the {which} {characters} lost: {spell(shown)}"


def _alteration(whole: str, streamed: str) -> str:
    """Return how every letter of *whole* was changed alike; "" if it was not."""
    if "".join(whole.split()) == "".join(streamed.split()):
        fewer = len(streamed) < len(whole)
        return "white space is lost" if fewer else "white space is added"
    if whole.casefold() == streamed.casefold():
        return "the letter case is changed"
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        if unicodedata.normalize(form, whole) == streamed:
            return f"the text is normalised to {form}"
    if html.unescape(streamed) == whole:
        return "characters are escaped as HTML"
    if streamed == whole * (len(streamed) // len(whole)):
        return "the text is doubled"
    return ""


def _gaps(whole: str, streamed: str) -> str:
    """Return how many letters *whole* lost or gained; "" if it did neither."""
    if _is_part(streamed, whole):
        return f"{len(whole) - len(streamed)} characters in the middle are lost"
    if whole in streamed or _is_part(whole, streamed):
        return f"{len(streamed) - len(whole)} characters are added"
    return "the text is reordered" if sorted(whole) == sorted(streamed) else ""


def _is_part(part: str, text: str) -> bool:
    """Return whether *part* is left of *text* if some of its characters are dropped."""
    # A text of which little is left is another wording that happens to fit.
    if 2 * len(part) < len(text):
        return False
    characters = iter(text)
    return all(character in characters for character in part)
