"""Chunks of a stream: errors, choices and streams without any."""

from __future__ import annotations

import pytest

from contract.checks.judging import chunks
from contract.model.check import NotApplicable
from contract.model.exchange import DONE


def test_errors_and_other_json_are_not_chunks(stream, good):
    seen = stream(({"error": "no"}, [], *good))
    values = [value for _, value in chunks.chunk_objects(seen)]

    assert [chunk.json for chunk in stream(good).folded] == values


def test_last_event_is_that_of_a_chunk_folded_or_not(stream, good):
    assert 5 == chunks.last_event(stream((*good[:6], {"error": "no"}, [], DONE)))
    assert 0 == chunks.last_event(stream([DONE]))


@pytest.mark.parametrize(
    "events",
    [[], [DONE], [{"error": {"message": "no"}}]],
    ids=["none", "done", "error"],
)
def test_stream_without_chunks_is_not_applicable(events, stream):
    with pytest.raises(NotApplicable):
        chunks.chunk_objects(stream(events))


def test_stream_without_choices_is_not_applicable(stream, good):
    with pytest.raises(NotApplicable):
        chunks.choices(stream([good[6]]))


def test_an_error_is_told_from_a_chunk_with_an_empty_error_member():
    assert chunks.is_error({"choices": [], "error": {"message": "no"}})
    assert not chunks.is_error({"choices": [{"index": 0}], "error": "ignored"})
    assert not chunks.is_error({"error": None})
