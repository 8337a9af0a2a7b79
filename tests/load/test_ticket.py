"""Tickets identify requests and cannot be invented."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.load.ticket import MOST_NUMBERS, ticket, tickets_in

NUMBERS = st.integers(0, MOST_NUMBERS - 1)


@given(NUMBERS, st.integers())
def test_a_ticket_is_read_back_from_a_sentence(number, seed):
    assert {number} == tickets_in(f"It is “{ticket(number, seed)}”.", seed)


@given(NUMBERS)
def test_a_ticket_of_another_run_is_none(number):
    assert frozenset() == tickets_in(ticket(number, 1), 2)


def test_one_changed_character_is_no_ticket():
    word = ticket(7, 0)
    changed = word[:-1] + ("2" if word[-1] != "2" else "3")

    assert frozenset() == tickets_in(changed, 0)


def test_all_tickets_of_a_text_are_found():
    text = "\n".join(ticket(number, 0) for number in (1, 5, 9))

    assert {1, 5, 9} == tickets_in(text, 0)
