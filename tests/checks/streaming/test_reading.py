from __future__ import annotations

import pytest

from contract.chat import Kind
from contract.checks.base import NotApplicable
from contract.checks.streaming import reading
from contract.exchange import DONE


def test_chunks_are_the_objects_that_are_no_error(stream, good):
    seen = stream(({"error": "no"}, [], *good))

    assert list(good[:-1]) == [value for _, value in reading.objects(seen)]


@pytest.mark.parametrize(
    "events",
    [[], [DONE], [{"error": {"message": "no"}}]],
    ids=["none", "done", "error"],
)
def test_without_chunks_there_is_nothing_to_judge(events, stream):
    with pytest.raises(NotApplicable):
        reading.objects(stream(events))


def test_without_choices_there_is_nothing_to_judge(stream, good):
    with pytest.raises(NotApplicable):
        reading.choices(stream([good[6]]))


def test_empty_choices_are_no_error():
    assert not reading.is_error({"choices": [], "error": "ignored"})
    assert not reading.is_error({"error": None})


def test_speaking_frames_are_found_by_kind(reply):
    assert (1, 2, 3, 4) == reading.places(reply)
    assert (3, 4) == reading.places(reply, frozenset({Kind.ANSWER}))
    assert () == reading.places(reply.with_header("content-type", "text/plain"))


def test_chunkwise_leaves_whole_bodies_alone(reply):
    whole = reply.with_header("content-type", "application/json").with_json({"a": 1})

    assert whole == reading.chunkwise(whole, lambda _: None)
    assert [DONE] == [
        f.data.decode().strip()[6:]
        for f in reading.chunkwise(reply, lambda _: None).frames
    ]


def test_odd_choices_are_passed_over():
    assert () == reading.options({"choices": "none"})
    assert ({},) == reading.options({"choices": [1, {}, None]})
