from __future__ import annotations

import pytest

from contract.checks.faults.chunks import choices_of, map_chunks, text_frames
from contract.checks.judging import chunks
from contract.model.chat import PieceKind
from contract.model.check import NotApplicable
from contract.model.exchange import DONE


def test_errors_and_other_json_are_not_chunks(stream, good):
    seen = stream(({"error": "no"}, [], *good))

    assert list(good[:-1]) == [value for _, value in chunks.chunk_objects(seen)]


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


def test_chunk_with_empty_choices_is_not_an_error():
    assert not chunks.is_error({"choices": [], "error": "ignored"})
    assert not chunks.is_error({"error": None})


def test_text_frames_are_found_by_kind(reply):
    assert (1, 2, 3, 4) == text_frames(reply)
    assert (3, 4) == text_frames(reply, frozenset({PieceKind.ANSWER}))
    assert () == text_frames(reply.with_header("content-type", "text/plain"))


def test_whole_bodies_are_not_changed_chunkwise(reply):
    whole = reply.with_header("content-type", "application/json").with_json({"a": 1})

    assert whole == map_chunks(whole, lambda _: None)
    assert [DONE] == [
        f.data.decode().strip()[6:] for f in map_chunks(reply, lambda _: None).frames
    ]


def test_choices_that_are_not_objects_are_skipped():
    assert () == choices_of({"choices": "none"})
    assert ({},) == choices_of({"choices": [1, {}, None]})
