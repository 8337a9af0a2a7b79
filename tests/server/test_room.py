"""How much may be generated, at the edges of the context window."""

import pytest

from contract.dialects.base import Problem, Trouble
from contract.server import room

WINDOW = 100
OVERFLOW, MAX_TOKENS, SCHEMA = Trouble.OVERFLOW, Trouble.MAX_TOKENS, Trouble.SCHEMA


@pytest.mark.parametrize(
    ("rule", "prompt", "asked", "expected"),
    [
        (room.strict, 99, None, 1),
        (room.strict, 99, 1, 1),
        (room.strict, 99, 2, MAX_TOKENS),
        (room.strict, 100, None, MAX_TOKENS),
        (room.strict, 100, 0, 0),
        (room.strict, 101, None, OVERFLOW),
        (room.strict, 10, 0, 0),
        (room.clamped, 99, None, 1),
        (room.clamped, 99, 50, 1),
        (room.clamped, 10, 100, 90),
        (room.clamped, 10, 101, MAX_TOKENS),
        (room.clamped, 100, None, SCHEMA),
        (room.clamped, 101, 1, OVERFLOW),
        (room.lax, 99, None, 1),
        (room.lax, 99, 50, 1),
        (room.lax, 10, -1, 90),
        (room.lax, 10, 0, 1),
        (room.lax, 100, None, OVERFLOW),
    ],
)
def test_room_is_exact_at_the_edges(rule, prompt, asked, expected):
    found = rule(prompt, asked, WINDOW)

    assert expected == (found.trouble if isinstance(found, Problem) else found)


def test_overflow_tells_both_numbers():
    found = room.lax(150, None, WINDOW)

    assert (found.count, found.limit) == (150, WINDOW)
