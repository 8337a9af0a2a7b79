from __future__ import annotations

import pytest

from contract.checks.streaming import framing
from contract.model.check import NotApplicable
from contract.model.reply import SSE_TYPE


@pytest.mark.parametrize(
    "check",
    [
        framing.content_type,
        framing.well_formed,
        framing.known_fields,
        framing.events_are_json,
    ],
    ids=lambda check: check.id,
)
def test_a_conforming_stream_passes(check, stream, good):
    assert [] == list(check.judge(stream(good)))


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        pytest.param("application/json", "not an event stream", id="json"),
        pytest.param("", "not an event stream", id="none"),
        pytest.param("text/plain", "not an event stream", id="text"),
        pytest.param(
            "text/event-stream; charset=latin-1", "declares an encoding", id="latin-1"
        ),
        pytest.param(
            'text/event-stream;charset="utf-16"', "declares an encoding", id="quoted"
        ),
    ],
)
def test_a_wrong_media_type_is_found(seen, message, stream, good):
    (found,) = framing.content_type.judge(stream(good, media_type=seen))

    assert message in found.message


@pytest.mark.parametrize(
    "seen",
    [
        "text/event-stream",
        "Text/Event-Stream; Charset=UTF-8",
        'text/event-stream;charset="utf-8"',
        "text/event-stream; boundary=x",
    ],
)
def test_all_spellings_of_the_media_type_pass(seen, stream, good):
    assert [] == list(framing.content_type.judge(stream(good, media_type=seen)))


def test_invalid_utf_8_is_found_with_its_event(stream, good):
    events = (good[0], b'data: {"x":"\xff"}\n\n', *good[1:])

    (found,) = framing.well_formed.judge(stream(events))

    assert "UTF-8" in found.message
    assert found.at == "event 1"


def test_an_unfinished_event_is_found(stream, good):
    (found,) = framing.well_formed.judge(stream((*good, b"data: {")))

    assert "ended inside an event" in found.message


def test_an_unknown_field_is_well_formed_but_is_found(stream, good):
    seen = stream((good[0], b"INFO: ready\n\n", *good[1:]))

    assert [] == list(framing.well_formed.judge(seen))
    assert 1 == len(list(framing.known_fields.judge(seen)))


@pytest.mark.parametrize("data", ["ping", "[]", "1", '{"x":NaN}', "{'id': 1}", '""'])
def test_an_event_that_is_not_an_object_is_found(data, stream, good):
    (found,) = framing.events_are_json.judge(stream((good[0], data, *good[1:])))

    assert found.actual == data
    assert found.at == "event 1, +0.020 s"


@pytest.mark.parametrize(
    "check",
    [framing.well_formed, framing.known_fields, framing.events_are_json],
    ids=lambda check: check.id,
)
def test_an_empty_stream_is_not_judged(check, stream):
    with pytest.raises(NotApplicable):
        list(check.judge(stream([], media_type=SSE_TYPE[1])))
