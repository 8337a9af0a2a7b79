"""The question of a probe: fresh each time, with an answer that can be checked."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

# Both sums stay below 1,000, so that no answer has a separator of thousands.
_SMALLEST = 101
_LARGEST_SUM = 999
# What the scripted models of `tiny` answer to any question about numbers.
_SCRIPTED_SUM = 42
_NUMBER = re.compile(r"\d+(?:[ ,.'\u00a0\u202f]\d{3})*(?!\d)")
_SEPARATORS = re.compile(r"\D")
_WORDS = "What is {} plus {}? Answer with one short sentence."


@dataclass(frozen=True, slots=True)
class Question:
    """
    A question and what its answer must contain.

    Usage: `Question.fresh().is_answered_by("The answer is 642")`.
    """

    # The user message.
    text: str
    # The text that the answer must contain; letter case does not matter.
    expected: str
    # The question in short, such as "374 + 268"; empty if it is no sum.
    sum: str = ""

    @classmethod
    def fresh(cls) -> Question:
        """
        Return a sum of two random numbers of three digits.

        The sum is one of 798 values, so a reply that a cache kept from an earlier
        question has the wrong number.
        """
        expected = _SMALLEST * 2 + secrets.randbelow(_LARGEST_SUM - _SMALLEST * 2 + 1)
        span = expected - 2 * _SMALLEST + 1
        return cls.of(_SMALLEST + secrets.randbelow(span), expected)

    @classmethod
    def scripted(cls) -> Question:
        """
        Return a sum that is 42, for a scripted model, which cannot add.

        The numbers are fresh, so that no cache has a reply to the question.
        """
        return cls.of(1 + secrets.randbelow(_SCRIPTED_SUM - 1), _SCRIPTED_SUM)

    @classmethod
    def of(cls, one: int, total: int) -> Question:
        """Return the question for the other number that makes *one* the *total*."""
        other = total - one
        return cls(_WORDS.format(one, other), str(total), f"{one} + {other}")

    def is_answered_by(self, answer: str) -> bool:
        """
        Return whether *answer* contains what is expected.

        A sum must be the last number of the answer, or the only one that is not in the
        question: a text that lists all numbers is no answer.
        """
        if not self.sum:
            return self.expected.casefold() in answer.casefold()
        found = [_SEPARATORS.sub("", number) for number in _NUMBER.findall(answer)]
        others = set(found) - set(self.sum.split(" + "))
        return bool(found) and (found[-1] == self.expected or others == {self.expected})
