"""Answers become frames that say the same, at the times of the plan."""

from functools import partial

import pytest

from contract.catalog.providers import dialects
from contract.mock_server import framing
from contract.mock_server.answering import Said
from contract.mock_server.framing import (
    HOLE,
    ReplyFormat,
)
from contract.mock_server.latency import LatencyPlan
from contract.model.chat import (
    Call,
    Options,
    Piece,
    PieceKind,
    Probe,
    merge_pieces,
)
from contract.model.dialect import (
    Answer,
    Head,
    Usage,
)
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.model.profile import Profile
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    is_done,
    rehearse,
)
from contract.model.wire import Request

DIALECTS = dialects()
EVERY = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.id)
REQUEST = Request("POST", "/v1/chat/completions")
HEAD = Head("chatcmpl-1", 1_758_153_600, "magistral-small-2509")
USAGE = Usage(10, 6, 2)
THOUGHT = (Piece(PieceKind.REASONING, "Hm"), Piece(PieceKind.REASONING, "m."))
WORDS = (Piece(PieceKind.ANSWER, "It"), Piece(PieceKind.ANSWER, " is 42"))
CALLED = (
    Piece(PieceKind.TOOL, '{"a":', call=Call(0, "abcdefghi", "add")),
    Piece(PieceKind.TOOL, "1}", call=Call(0)),
)
TIMES = LatencyPlan(0.5, 0.1).times


def told(dialect, answers, probe=SUM, times=TIMES, head=HEAD):
    said = Said(answers, USAGE)
    words = ReplyFormat(dialect, dialect.rules)
    frames = framing.frames(probe, said, head, words, times)
    reply = framing.reply(REQUEST, probe, said, head, dialect, frames)
    return rehearse(reply, probe, Profile(id=dialect.id, dialect=dialect))


@EVERY
@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    ("pieces", "finish"),
    [
        ((*THOUGHT, *WORDS), "stop"),
        (THOUGHT, "length"),
        (WORDS, "length"),
        ((), "stop"),
        ((*THOUGHT, *CALLED), "tool_calls"),
    ],
)
def test_frames_say_what_was_answered(dialect, probe, pieces, finish):
    exchange = told(dialect, (Answer(pieces, finish),), probe)

    assert merge_pieces(exchange.pieces) == merge_pieces(pieces)
    assert exchange.finishes == {0: (finish,)}
    assert exchange.count("completion_tokens") == 6


@EVERY
def test_choices_are_told_in_turn_and_apart(dialect):
    answers = (
        Answer(
            (Piece(PieceKind.ANSWER, "one"), Piece(PieceKind.ANSWER, " two")), "stop"
        ),
        Answer((Piece(PieceKind.ANSWER, "three", 1),), "length"),
    )
    exchange = told(dialect, answers)
    order = [choice["index"] for _, choice in exchange.choices if choice["delta"]]

    assert exchange.text_of(PieceKind.ANSWER, 0) == "one two"
    assert exchange.text_of(PieceKind.ANSWER, 1) == "three"
    assert exchange.finishes == {0: ("stop",), 1: ("length",)}
    assert order[:4] == [0, 1, 0, 1]
    assert len(exchange.usages) == 1


@EVERY
def test_texts_are_on_time_and_all_else_takes_none(dialect):
    exchange = told(dialect, (Answer((*THOUGHT, *WORDS)),))
    texts = [
        round(chunk.at, 9) for chunk, piece in exchange.placed_pieces if piece.text
    ]

    assert sorted(set(texts)) == [0.5, 0.6, 0.7, 0.8]
    assert exchange.arrivals[0].at == 0.0
    assert exchange.elapsed == pytest.approx(0.8)


@EVERY
def test_whole_answer_takes_as_long_as_its_stream(dialect):
    exchange = told(dialect, (Answer((*THOUGHT, *WORDS)),), SUM_WHOLE)

    assert exchange.elapsed == pytest.approx(0.8)


@EVERY
@pytest.mark.parametrize("asked", [True, False])
def test_usage_is_where_the_dialect_puts_it(dialect, asked):
    probe = Probe(name="usage", options=Options(usage=asked), stream=True)
    exchange = told(dialect, (Answer(WORDS),), probe)
    last = dialect.stream_usage.value == "last-chunk"

    assert len(exchange.usages) == (1 if last or asked else 0)
    assert all(bool(chunk.json["choices"]) is last for chunk, _ in exchange.usages)


@EVERY
def test_stream_ends_as_the_dialect_ends_it(dialect):
    exchange = told(dialect, (Answer(WORDS),))
    last = exchange.arrivals[-1]

    assert is_done(last) is dialect.done


def test_finish_rides_on_the_last_text_only_where_it_does():
    vllm = told(DIALECTS["vllm-0.16"], (Answer(WORDS, "length"),))
    mistral = told(DIALECTS["mistral-2025-10"], (Answer(WORDS, "length"),))

    assert vllm.choices[-1][1]["delta"] == {"content": " is 42"}
    assert mistral.choices[-1][1]["delta"] == {"content": ""}


@EVERY
@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
def test_filled_hole_is_the_reply_itself(dialect, probe):
    answers = (Answer((*THOUGHT, *WORDS)),)
    holed = told(dialect, answers, probe, head=Head(HOLE, HEAD.created, HEAD.model))
    filled = framing.filled(
        tuple(framing.Frame(a.at, a.data) for a in holed.arrivals), HEAD.id
    )
    straight = told(dialect, answers, probe)

    assert HOLE.encode() in holed.body
    assert b"".join(f.data for f in filled).count(HEAD.id.encode()) > 0
    assert [f.at for f in filled] == [a.at for a in straight.arrivals]
    assert merge_pieces(straight.pieces) == merge_pieces(holed.pieces)


@EVERY
@pytest.mark.parametrize("trouble", RejectionReason)
def test_refusal_is_the_dialects_own_and_never_streamed(dialect, trouble):
    problem = Rejection(reason=trouble, message="no", pointer="/n", keyword="minimum")
    reply = framing.refused(REQUEST, problem, HEAD, dialect)

    assert reply.status == dialect.error(problem)[0]
    assert not reply.streamed
    assert reply.rejection is problem


def test_numbers_that_orjson_refuses_are_spelled_too():
    assert framing.spelled({"a": 2**70}) == b'{"a":1180591620717411303424}'


def test_empty_body_has_no_type():
    reply = framing.plain(REQUEST, HEAD, DIALECTS["vllm-0.16"], b"")

    assert (reply.status, reply.headers, reply.frames) == (200, (), ())


def test_times_may_be_jittered():
    times = partial(LatencyPlan(0.1, 0.1, 0.05).times, number=3)
    exchange = told(DIALECTS["vllm-0.16"], (Answer((*THOUGHT, *WORDS)),), times=times)

    assert {round(a.at, 9) for a in exchange.arrivals} == {
        0.0,
        *(round(at, 9) for at in times(4)),
    }
