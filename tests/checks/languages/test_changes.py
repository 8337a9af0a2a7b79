"""Tests of the names of changes to a text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.checks.languages.changes import Change, change_of

WORDS = 'Say "café" & it\'s <b>bold</b>: two  spaces\nand a line'
NFD = unicodedata.normalize("NFD", WORDS)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (WORDS, WORDS, None),
        (WORDS, "Something else entirely", None),
        (WORDS, "", None),
        ("", WORDS, None),
        (WORDS, WORDS.replace("&", "&amp;"), Change.ESCAPED),
        (WORDS, WORDS.replace("<", "&lt;").replace(">", "&gt;"), Change.ESCAPED),
        ("a &lt; b", "a &amp;lt; b", Change.ESCAPED),
        ("a &lt; b", "a < b", Change.UNESCAPED),
        (WORDS, NFD, Change.DECOMPOSED),
        (NFD, WORDS, Change.COMPOSED),
        ("ﬁn x²", "fin x2", Change.FOLDED),
        ("it's", "it\u2019s", Change.CURLED),
        ("it\u2019s", "it's", Change.STRAIGHTENED),
        ("one\u200btwo", "onetwo", Change.INVISIBLE_LOST),
        ("one two", "one \u200btwo", Change.INVISIBLE_ADDED),
        ("\u2764\ufe0f", "\u2764", Change.INVISIBLE_LOST),
        (WORDS, WORDS.replace("\n", " "), Change.BLANKS_CHANGED),
        (WORDS, WORDS.replace("\n", "\r\n"), Change.BREAKS_CHANGED),
        (WORDS, WORDS.replace("\n", "\r"), Change.BREAKS_CHANGED),
        (WORDS, " ".join(WORDS.split()), Change.BLANKS_LOST),
        (WORDS, WORDS.replace(" ", "  "), Change.BLANKS_ADDED),
        (WORDS, WORDS.replace("é", "e"), Change.MARKS_LOST),
        (WORDS, WORDS.upper(), Change.CASE),
        (WORDS, WORDS * 2, Change.DOUBLED),
        (WORDS, "".join(letter * 2 for letter in WORDS), Change.DOUBLED),
        (WORDS, "Say Say " + WORDS[4:] + WORDS[4:], Change.DOUBLED),
        (WORDS, WORDS[9:] + WORDS[:9], Change.REORDERED),
        (WORDS, WORDS[1:], Change.LOST),
        (WORDS, WORDS.replace("bold", "bo"), Change.LOST),
        (WORDS, WORDS[:9], None),
        (WORDS, WORDS + " Thanks!", None),
        ("cafe", "cafe\u0301", Change.MARKS_ADDED),
    ],
)
def test_a_change_has_the_name_of_its_kind(before, after, kind):
    assert change_of(before, after) == kind


@given(st.text(), st.text())
def test_any_two_texts_have_at_most_one_kind(before, after):
    assert isinstance(change_of(before, after), Change | None)
    assert change_of(before, before) is None
