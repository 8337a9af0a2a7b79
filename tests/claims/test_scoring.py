"""Final answers as models write them."""

from __future__ import annotations

import pytest

from contract.claims.items import Kind
from contract.claims.scoring import score
from contract.claims.verdict import Outcome


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (Kind.INTEGER, r"So \boxed{70}.", "70"),
        (Kind.INTEGER, r"\boxed{1} no, \boxed{070}", "70"),
        (Kind.INTEGER, r"\boxed{\text{70}}", "70"),
        (Kind.INTEGER, r"\boxed{1{,}234}", "1234"),
        (Kind.INTEGER, "The answer is **70**.", "70"),
        (Kind.INTEGER, "**Final answer:** $70$", "70"),
        (Kind.INTEGER, "x = 70.", "70"),
        (Kind.INTEGER, "x = \N{MINUS SIGN}70", "-70"),
        (Kind.INTEGER, "I do not know.", ""),
        (Kind.INTEGER, r"\boxed{unknown}", ""),
        (Kind.INTEGER, "", ""),
        (Kind.CHOICE, "ANSWER: B", "B"),
        (Kind.CHOICE, "**Answer: (B)**", "B"),
        (Kind.CHOICE, r"\boxed{\text{B}}", "B"),
        (Kind.CHOICE, "First A.\nB", "B"),
        (Kind.CHOICE, "An answer", ""),
        (Kind.TEXT, "ANSWER: The Quick, fox.", "the quick fox"),
        (Kind.TEXT, "the quick fox", ""),
    ],
)
def test_the_last_final_answer_is_read(kind, text, found):
    key = {Kind.INTEGER: "70", Kind.CHOICE: "B", Kind.TEXT: "the quick fox"}[kind]
    scored = score(kind, text, key)

    assert scored.found == found
    assert (scored.outcome is Outcome.UNREADABLE) is (not found)
    assert (scored.outcome is Outcome.RIGHT) is (found == key.strip())


def test_an_expression_is_compared_by_value():
    """The program `contract.claims.grading` runs by itself, with limits."""
    pytest.importorskip("math_verify")

    assert score(Kind.MATH, r"so \boxed{\frac{1}{2}}", "0.5").outcome is Outcome.RIGHT
