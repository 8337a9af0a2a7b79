"""Replies are modified as values and rehearsed without a socket."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model import sse
from contract.model.exchange import LEFT_OPEN, End
from contract.model.probes import SUM
from contract.model.profile import Profile
from contract.model.reply import (
    JSON_TYPE,
    SSE_TYPE,
    Frame,
    Reply,
    encode_json,
    event_json,
    is_done,
    rehearse,
)
from contract.model.strict_json import MISSING
from contract.model.wire import Request
from contract.providers.vllm.dialect import VLLM_0_16
from contract.testing.strategies import json_values

DONE = Frame(0.3, b"data: [DONE]\n\n")
PROFILE = Profile(id="vllm-0.16", dialect=VLLM_0_16)


def reply(header, *frames, **more):
    return Reply(
        headers=(header, ("x-a", "1")),
        frames=frames,
        dialect=VLLM_0_16,
        request=Request("POST", "/v1/chat/completions"),
        **more,
    )


def event(value, at=0.1):
    return Frame(at, sse.encode(encode_json(value)))


STREAM = reply(SSE_TYPE, Frame(0.0, b": hi\n\n"), event({"n": 1}), event(2, 0.2), DONE)
WHOLE = reply(JSON_TYPE, Frame(0.5, b'{"n": '), Frame(0.7, b"1}"))


def test_every_event_of_a_stream_is_changed_and_the_rest_stays():
    changed = STREAM.change(lambda value: [value])

    assert (STREAM.frames[0], event([{"n": 1}]), event([2], 0.2), DONE) == (
        changed.frames
    )


def test_events_changed_to_none_are_dropped():
    changed = STREAM.change(lambda value: None if value == 2 else value)

    assert (*STREAM.frames[:2], DONE) == changed.frames


def test_whole_body_is_changed_at_the_time_of_its_last_byte():
    changed = WHOLE.change(lambda value: {**value, "m": 2})

    assert (Frame(0.7, b'{"n":1,"m":2}'),) == changed.frames


@given(data=st.binary(max_size=40), value=json_values, streamed=st.booleans())
def test_change_accepts_any_bytes(data, value, streamed):
    odd = reply(SSE_TYPE if streamed else JSON_TYPE, Frame(0.1, data))

    assert isinstance(odd.change(lambda _: value), Reply)
    assert event_json(Frame(0.0, data)) is MISSING or data.startswith(b"data: ")


def test_body_that_is_not_json_stays():
    odd = reply(JSON_TYPE, Frame(0.1, b"oops"))

    assert odd == odd.change(lambda _: 1)
    assert odd.json is None


@pytest.mark.parametrize(
    ("data", "is_the_end"),
    [
        (b"data: [DONE]\n\n", True),
        (b"data: [DONE]\r\n\r\n", True),
        (b'data: "[DONE]"\n\n', False),
        (b"", False),
    ],
)
def test_sentinel_is_recognised(data, is_the_end):
    assert is_the_end == is_done(Frame(0.0, data))


def test_headers_and_status_are_replaced():
    assert ("x-a", "2") in STREAM.with_header("x-a", "2").headers
    assert ("x-a", "1") not in STREAM.with_header("x-a", "2").headers
    assert (SSE_TYPE,) == STREAM.with_header("x-a", None).headers
    assert 418 == STREAM.with_status(418).status
    assert {"a": 1} == WHOLE.with_json({"a": 1}).json
    assert {"a": 1} == reply(JSON_TYPE).with_json({"a": 1}).json


def test_lone_surrogates_are_encoded_as_surrogate_bytes():
    assert b'"\xed\xa0\x80"' == encode_json("\ud800")


def test_rehearsal_is_the_exchange_without_a_socket():
    exchange = rehearse(STREAM, SUM, PROFILE)

    assert (200, End.COMPLETE, "", 0.3) == (
        exchange.status,
        exchange.end,
        exchange.note,
        exchange.elapsed,
    )
    assert STREAM.body == exchange.body
    assert [{"n": 1}, 2] == [chunk.json for chunk in exchange.chunks]
    assert [0.1, 0.2] == [chunk.at for chunk in exchange.chunks]


def test_rehearsed_reset_has_a_note():
    exchange = rehearse(reply(SSE_TYPE, event(1), end=End.RESET), SUM, PROFILE)

    assert (End.RESET, "rehearsed reset") == (exchange.end, exchange.note)


def test_a_connection_left_open_is_rehearsed_with_the_note_of_the_client():
    exchange = rehearse(reply(SSE_TYPE, event(1), end=End.OPEN), SUM, PROFILE)

    assert (End.OPEN, LEFT_OPEN) == (exchange.end, exchange.note)


def test_rehearsal_without_frames_takes_no_time():
    assert 0.0 == rehearse(reply(JSON_TYPE), SUM, PROFILE).elapsed


@pytest.mark.parametrize(
    ("enough", "received", "end"),
    [
        pytest.param(
            None, b"data: 1\n\ndata: 2\n\ndata: 3\n\n", "complete", id="never"
        ),
        pytest.param(1, b"data: 1\n\n", "left", id="first-byte"),
        pytest.param(10, b"data: 1\n\ndata: 2\n\n", "left", id="second-event"),
        pytest.param(
            99, b"data: 1\n\ndata: 2\n\ndata: 3\n\n", "complete", id="too-late"
        ),
    ],
)
def test_rehearsal_ends_where_the_probe_hangs_up(enough, received, end):
    probe = replace(SUM, hang_up_after=enough)

    exchange = rehearse(reply(SSE_TYPE, *map(event, (1, 2, 3))), probe, PROFILE)

    assert (exchange.body, exchange.end.value) == (received, end)
    assert bool(exchange.note) is (end == "left")
