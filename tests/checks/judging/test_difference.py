from __future__ import annotations

import pytest

from contract.checks.judging.difference import loss

WHOLE = "The answer is caf\u00e9 & 42"


@pytest.mark.parametrize(
    ("streamed", "reason"),
    [
        (WHOLE, ""),
        ("", "all of it is lost"),
        (WHOLE[1:], 'the first character is lost: "T"'),
        (WHOLE[:-3], 'the last 3 characters are lost: " 42"'),
        (WHOLE.replace(" ", ""), "white space is lost"),
        (WHOLE.replace(" ", "  "), "white space is added"),
        (WHOLE.upper(), "the letter case is changed"),
        (WHOLE.replace("\u00e9", "e\u0301"), "the text is normalised to NFD"),
        (WHOLE.replace("&", "&amp;"), "characters are escaped as HTML"),
        (WHOLE * 2, "the text is doubled"),
        (WHOLE.replace("answer ", ""), "7 characters in the middle are lost"),
        (WHOLE.replace("is", "is is"), "3 characters are added"),
        ("It is 42.", ""),
        ("42 it is", ""),
    ],
)
def test_what_was_lost_is_told_from_another_wording(streamed, reason):
    assert loss(WHOLE, streamed) == reason


def test_a_few_letters_that_happen_to_fit_are_another_wording():
    assert not loss("The answer to your question is 42", "Hein?")


def test_a_long_part_is_shortened():
    assert loss("x" * 100 + "y", "y").endswith(f'"{"x" * 24}…"')
