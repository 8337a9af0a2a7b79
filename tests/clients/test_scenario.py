"""Scenarios and requirements as values."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import named
from contract.clients.scenario import (
    calls_in,
    lists_thoughts,
    names_thoughts,
    requirement,
    shows_thoughts,
)
from contract.errors import SpecError


def test_where_dialects_put_their_thoughts():
    def found(name):
        dialect = named(name).dialect
        return lists_thoughts(dialect), names_thoughts(dialect), shows_thoughts(dialect)

    assert found("mistral") == (True, False, True)
    assert found("vllm") == (False, True, True)
    assert found("inline") == (False, False, False)


@pytest.mark.parametrize(
    ("id_", "text"),
    [
        ("retries.waits", "A client MUST wait."),
        ("client.waits", "A client MUST wait"),
        ("client.waits", "A client waits."),
        ("client.waits", "A client MUST wait and SHOULD retry."),
    ],
)
def test_a_malformed_requirement_is_refused(id_, text):
    with pytest.raises(SpecError):
        requirement(id_, text, source="x")


def test_calls_of_a_message_are_read_whatever_they_are():
    message = {
        "tool_calls": [
            None,
            {"id": 7, "function": "x"},
            {"id": "a", "function": {"name": "f", "arguments": {"b": 1}}},
        ]
    }

    assert [(c.id, c.name, c.arguments) for c in calls_in(message)] == [
        ("7", "", "null"),
        ("a", "f", '{"b": 1}'),
    ]
    assert list(calls_in({"tool_calls": 7})) == []
