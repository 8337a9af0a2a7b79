"""The limit of tokens that a request asks for, and the one a server can keep."""

from __future__ import annotations

import pytest

from contract.model.token_limit import asked_limit, token_limit


@pytest.mark.parametrize(
    ("sent", "asked", "limit"),
    [
        ({}, None, None),
        ({"max_tokens": 64}, 64, 64),
        ({"max_tokens": 64.0}, 64, 64),
        ({"max_tokens": None}, None, None),
        ({"max_completion_tokens": None, "max_tokens": 8}, 8, 8),
        ({"max_completion_tokens": 4, "max_tokens": 8}, 4, 4),
        ({"max_tokens": 0}, 0, None),
        ({"max_tokens": -1}, -1, None),
        ({"max_tokens": True}, None, None),
        ({"max_tokens": "64"}, None, None),
        ({"max_tokens": 1.5}, None, None),
        ({"max_tokens": float("nan")}, None, None),
        ({"max_tokens": float("inf")}, None, None),
    ],
)
def test_the_limit_of_a_request(sent, asked, limit):
    assert (asked_limit(sent), token_limit(sent)) == (asked, limit)
