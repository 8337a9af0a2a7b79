"""Completion budgets at the edges of the context window."""

import pytest

from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format import completion_budget

WINDOW = 100
OVERFLOW, MAX_TOKENS, SCHEMA = (
    RejectionReason.OVERFLOW,
    RejectionReason.MAX_TOKENS,
    RejectionReason.SCHEMA,
)


@pytest.mark.parametrize(
    ("rule", "prompt", "asked", "expected"),
    [
        (completion_budget.must_fit, 99, None, 1),
        (completion_budget.must_fit, 99, 1, 1),
        (completion_budget.must_fit, 99, 2, MAX_TOKENS),
        (completion_budget.must_fit, 100, None, MAX_TOKENS),
        (completion_budget.must_fit, 100, 0, 0),
        (completion_budget.must_fit, 101, None, OVERFLOW),
        (completion_budget.must_fit, 10, 0, 0),
        (completion_budget.clamped, 99, None, 1),
        (completion_budget.clamped, 99, 50, 1),
        (completion_budget.clamped, 10, 100, 90),
        (completion_budget.clamped, 10, 101, MAX_TOKENS),
        (completion_budget.clamped, 100, None, SCHEMA),
        (completion_budget.clamped, 101, 1, OVERFLOW),
        (completion_budget.unbounded, 99, None, 1),
        (completion_budget.unbounded, 99, 50, 1),
        (completion_budget.unbounded, 10, -1, 90),
        (completion_budget.unbounded, 10, 0, 1),
        (completion_budget.unbounded, 100, None, OVERFLOW),
    ],
)
def test_budget_is_exact_at_the_edges(rule, prompt, asked, expected):
    found = rule(prompt, asked, WINDOW)

    assert expected == (found.reason if isinstance(found, Rejection) else found)


def test_overflow_has_both_numbers():
    found = completion_budget.unbounded(150, None, WINDOW)

    assert (found.count, found.limit) == (150, WINDOW)
