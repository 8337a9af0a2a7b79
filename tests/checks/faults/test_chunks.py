"""Changes to the chunks of a stream leave everything else as it is."""

from __future__ import annotations

from contract.checks.faults.chunks import (
    choices_of,
    chunk_of,
    map_chunks,
    text_frames,
)
from contract.model import sse
from contract.model.chat import PieceKind
from contract.model.exchange import DONE
from contract.model.reply import Frame, encode_json


def test_text_frames_are_found_by_kind(reply):
    assert (1, 2, 3, 4) == text_frames(reply)
    assert (3, 4) == text_frames(reply, frozenset({PieceKind.ANSWER}))
    assert () == text_frames(reply.with_header("content-type", "text/plain"))


def test_a_call_without_arguments_is_no_text(reply, chunk):
    function = {"name": "get_weather", "arguments": ""}
    call = {"index": 0, "id": "A1b2C3d4E", "type": "function", "function": function}
    begun, more = (
        chunk({"tool_calls": [{**call, "function": {**function, **arguments}}]})
        for arguments in ({}, {"arguments": "{}"})
    )
    frames = [Frame(0.0, sse.encode(encode_json(value))) for value in (begun, more)]

    assert (1,) == text_frames(reply.with_frames(frames))


def test_whole_bodies_are_not_changed_chunkwise(reply):
    whole = reply.with_header("content-type", "application/json").with_json({"a": 1})

    assert whole == map_chunks(whole, lambda _: None)
    assert [DONE] == [
        f.data.decode().strip()[6:] for f in map_chunks(reply, lambda _: None).frames
    ]


def test_choices_that_are_not_objects_are_skipped():
    assert () == choices_of({"choices": "none"})
    assert ({},) == choices_of({"choices": [1, {}, None]})


def test_each_chunk_is_changed_at_its_time_and_the_sentinel_is_kept(reply):
    def renamed(value):
        return {**value, "model": "other"}

    changed = map_chunks(reply, renamed)
    *chunks, last = changed.frames

    assert ["other"] * 7 == [chunk_of(frame)["model"] for frame in chunks]
    assert [frame.at for frame in reply.frames] == [f.at for f in changed.frames]
    assert reply.frames[-1] == last


def test_events_that_are_not_objects_are_kept(reply):
    odd = Frame(0.0, b"data: [1]\n\n")
    changed = map_chunks(reply.with_frames((odd,)), lambda _: {})

    assert (b"data: [1]\n\n",) == tuple(frame.data for frame in changed.frames)


def test_a_frame_without_a_chunk_is_an_empty_object():
    frames = (b": comment\n\n", b"data: [1]\n\n", b"data: [DONE]\n\n", b"")

    assert [{}] * 4 == [chunk_of(Frame(0.0, data)) for data in frames]
    assert {"id": 1} == chunk_of(Frame(0.0, b'data: {"id":1}\n\n'))
