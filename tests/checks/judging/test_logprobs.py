"""Tests of reading log-probabilities: entries, numbers, bytes, alternatives."""

import pytest

from contract.checks.judging.logprobs import (
    alternatives,
    bytes_of,
    entries_of,
    number_of,
    require_entries,
    token_of,
)
from contract.model.check import NotApplicable


def test_entries_of_the_first_choice_are_joined_over_chunks(stream, chunk):
    events = [chunk({}), chunk({}, index=1), chunk({}), chunk({})]
    for number, event in enumerate(events):
        event["choices"][0]["logprobs"] = {"content": [{"token": str(number)}]}
    events[3]["choices"][0]["logprobs"] = None

    exchange = stream(events)

    assert [entry["token"] for entry in entries_of(exchange)] == ["0", "2"]


@pytest.mark.parametrize(
    "logprobs", [None, [], 7, {}, {"content": None}, {"content": [1]}]
)
def test_what_has_no_entry_has_none(stream, chunk, logprobs):
    event = chunk({})
    event["choices"][0]["logprobs"] = logprobs
    exchange = stream([event])

    assert entries_of(exchange) == ()
    with pytest.raises(NotApplicable):
        require_entries((exchange,))


@pytest.mark.parametrize("value", [None, True, "1", [], {}])
def test_other_types_in_an_entry_are_not_read(value):
    entry = dict.fromkeys(("logprob", "bytes", "top_logprobs", "token"), value)

    assert number_of(entry) is None
    assert bytes_of(entry) in {None, b""}
    assert alternatives(entry) == ()
    assert token_of(entry) == (value if isinstance(value, str) else "")


def test_the_members_of_an_entry_are_read():
    inner = {"token": "a", "logprob": -2}
    entry = {**inner, "bytes": [97], "top_logprobs": [inner, 3]}

    assert (number_of(entry), bytes_of(entry), token_of(entry)) == (-2, b"a", "a")
    assert alternatives(entry) == (inner,)
    assert bytes_of({"bytes": [256]}) is None
