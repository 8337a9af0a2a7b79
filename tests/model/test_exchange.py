"""Exchanges keep the received bytes, and every property of them is total."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.catalog.providers import dialects
from contract.model.chat import Piece, PieceKind
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probes import SUM
from contract.model.profile import Profile
from contract.model.wire import Request, build_request
from contract.providers.inline.dialect import INLINE
from contract.providers.vllm.dialect import VLLM_0_16
from contract.testing.strategies import wire_values

PROFILE = Profile(id="vllm-0.16", dialect=VLLM_0_16)
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "Text/Event-Stream; charset=utf-8"),)


def exchange(*arrivals, headers=SSE, profile=PROFILE, **more):
    return Exchange(
        probe=SUM,
        profile=profile,
        request=build_request(SUM, profile, "m"),
        status=200,
        headers=headers,
        arrivals=tuple(Arrival(at, data) for at, data in arrivals),
        elapsed=arrivals[-1][0] if arrivals else 0.0,
        **more,
    )


def chunk(index=0, finish=None, **delta):
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


USAGE = b'data: {"choices":[],"usage":{"completion_tokens":5,"prompt_tokens":true}}\n\n'
REPLY = exchange(
    (0.2, chunk(role="assistant", content="")),
    (0.5, chunk(reasoning="Hm")),
    (0.7, chunk(reasoning=".") + chunk(content="4")),
    (1.0, chunk(content="2", finish="stop")),
    (1.1, USAGE + b"data: [DONE]\n\n"),
)


def test_pieces_are_the_generated_text():
    assert (
        Piece(PieceKind.REASONING, "Hm."),
        Piece(PieceKind.ANSWER, "42"),
    ) == REPLY.pieces
    assert ("Hm.", "42", "stop") == (REPLY.reasoning, REPLY.answer, REPLY.finish)


def test_timing_follows_the_arrivals():
    timing = REPLY.timing

    assert (0.2, 0.5, 0.7, 1.1) == (timing.ttfb, timing.ttft, timing.ttfo, timing.e2e)
    assert pytest.approx((0.2, 0.0, 0.3)) == timing.icl
    assert pytest.approx(0.125) == timing.tpot


def test_counters_are_whole_numbers_or_nothing():
    assert 5 == REPLY.count("completion_tokens")
    assert REPLY.count("prompt_tokens") is None
    assert REPLY.count("total_tokens") is None


def test_chunks_are_numbered_as_events_and_leave_out_the_sentinel():
    assert [0, 1, 2, 3, 4, 5] == [chunk.event for chunk in REPLY.chunks]
    assert 7 == len(REPLY.events)
    assert () == REPLY.flaws


def test_choices_are_kept_apart():
    reply = exchange(
        (0.1, chunk(0, content="a") + chunk(1, content="x")),
        (0.2, chunk(0, content="b", finish="stop") + chunk(1, finish="length")),
    )

    assert ("ab", "x") == (
        reply.text_of(PieceKind.ANSWER),
        reply.text_of(PieceKind.ANSWER, 1),
    )
    assert {0: ("stop",), 1: ("length",)} == reply.finishes


def test_markers_are_split_across_chunks_and_choices():
    profile = Profile(id="inline", dialect=INLINE)
    reply = exchange(
        (0.1, chunk(0, content="[TH") + chunk(1, content="[")),
        (0.2, chunk(0, content="INK]Hm[/THINK]42[") + chunk(1, content="x")),
        profile=profile,
    )

    assert ("Hm", "42[") == (reply.reasoning, reply.answer)
    assert "[x" == reply.text_of(PieceKind.ANSWER, 1)


def test_text_of_a_whole_body_arrives_with_its_last_byte():
    message = {"role": "assistant", "content": "42", "reasoning": "Hm"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    reply = exchange((0.4, json.dumps(body).encode()), headers=JSON)

    assert ("Hm", "42", "stop") == (reply.reasoning, reply.answer, reply.finish)
    assert () == reply.events
    assert (0.4, 0.4) == (reply.timing.ttft, reply.timing.ttfo)


def test_exchange_without_a_response_is_empty():
    nothing = replace(exchange(headers=()), status=None, end=End.REFUSED)

    assert (b"", (), {}, None) == (
        nothing.body,
        nothing.pieces,
        nothing.finishes,
        nothing.finish,
    )
    assert nothing.timing.ttfb is None
    assert not nothing.is_json


def _read_all(reply):
    """Read every property and method of the exchange."""
    names = [name for name in dir(Exchange) if not name.startswith("__")]
    values = [getattr(reply, name) for name in names]
    assert reply.timing.icl is not None
    return values


DIALECTS = dialects()
profiles = st.sampled_from([Profile(id=i, dialect=d) for i, d in DIALECTS.items()])
bodies = st.binary(max_size=80) | wire_values.map(
    lambda value: b"data: " + json.dumps(value).encode() + b"\n\n"
)


@given(
    data=st.lists(bodies, max_size=4),
    headers=st.sampled_from([JSON, SSE, ()]),
    profile=profiles,
)
@example(data=[b'data: "\\ud800"\n\n'], headers=SSE, profile=PROFILE)
@example(data=[b"[" * 5_000], headers=JSON, profile=PROFILE)
@example(data=[b'{"a": NaN}', b""], headers=JSON, profile=PROFILE)
@example(data=[b"1" * 5_000], headers=JSON, profile=PROFILE)
def test_no_bytes_make_a_property_raise(data, headers, profile):
    reply = exchange(*enumerate(data), headers=headers, profile=profile)

    assert _read_all(reply)


@given(value=wire_values, profile=profiles)
def test_no_choice_makes_a_property_raise(value, profile):
    body = json.dumps({"choices": [{"delta": value, "message": value}, value]})
    for headers, data in ((JSON, body), (SSE, f"data: {body}\n\n")):
        received = exchange((0.1, data.encode()), headers=headers, profile=profile)
        assert _read_all(received)


@given(value=wire_values)
def test_no_body_makes_a_property_raise(value):
    data = json.dumps(value).encode()

    assert _read_all(exchange((0.1, data), headers=JSON))
    assert _read_all(exchange((0.1, b"data: " + data + b"\n\n")))


def test_request_body_can_be_read():
    assert "m" == REPLY.sent["model"]
    assert {} == replace(REPLY, request=Request("POST", "/", (), b"[")).sent
