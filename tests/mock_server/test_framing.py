"""Tests of framing: content and times of frames, and error responses."""

from dataclasses import replace
from functools import partial

import pytest
from support.each import each

from contract.catalog.providers import dialects
from contract.mock_server import framing
from contract.mock_server.answering import Completion
from contract.mock_server.framing import ID_PLACEHOLDER, ReplyFormat
from contract.mock_server.latency import LatencyPlan
from contract.model.chat import (
    END,
    Call,
    Options,
    Piece,
    PieceKind,
    Token,
    merge_pieces,
)
from contract.model.dialect import Answer, Head, Usage
from contract.model.probe import Probe
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Profile
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import is_done, rehearse
from contract.model.wire import Request

DIALECTS = dialects()
EVERY = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.id)
REQUEST = Request("POST", "/v1/chat/completions")
HEAD = Head("chatcmpl-1", 1_758_153_600, "magistral-small-2509")
USAGE = Usage(10, 6, 2)
REASONING = (Piece(PieceKind.REASONING, "Hm"), Piece(PieceKind.REASONING, "m."))
ANSWER = (Piece(PieceKind.ANSWER, "It"), Piece(PieceKind.ANSWER, " is 42"))
CALL = (
    Piece(PieceKind.TOOL, '{"a":', call=Call(0, "abcdefghi", "add")),
    Piece(PieceKind.TOOL, "1}", call=Call(0)),
)
TIMES = LatencyPlan(0.5, 0.1).times


def framed(dialect, answers, probe=SUM, times=TIMES, head=HEAD):
    completion = Completion(answers, USAGE)
    reply_format = ReplyFormat(dialect, dialect.rules)
    frames = framing.frames(probe, completion, head, reply_format, times)
    reply = framing.reply(REQUEST, probe, completion, head, dialect, frames)
    return rehearse(reply, probe, Profile(id=dialect.id, dialect=dialect))


@EVERY
@each("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@each(
    ("pieces", "finish"),
    [
        ((*REASONING, *ANSWER), "stop"),
        (REASONING, "length"),
        (ANSWER, "length"),
        ((), "stop"),
        ((*REASONING, *CALL), "tool_calls"),
    ],
)
def test_frames_contain_the_completion(dialect, probe, pieces, finish):
    exchange = framed(dialect, (Answer(pieces, finish),), probe)

    assert merge_pieces(exchange.pieces) == merge_pieces(pieces)
    assert exchange.finishes == {0: (finish,)}
    assert exchange.count("completion_tokens") == 6


@EVERY
def test_choices_are_streamed_in_turn(dialect):
    answers = (
        Answer(
            (Piece(PieceKind.ANSWER, "one"), Piece(PieceKind.ANSWER, " two")), "stop"
        ),
        Answer((Piece(PieceKind.ANSWER, "three", 1),), "length"),
    )
    exchange = framed(dialect, answers)
    order = [choice["index"] for _, choice in exchange.choices if choice["delta"]]

    assert exchange.text_of(PieceKind.ANSWER, 0) == "one two"
    assert exchange.text_of(PieceKind.ANSWER, 1) == "three"
    assert exchange.finishes == {0: ("stop",), 1: ("length",)}
    assert order[:4] == [0, 1, 0, 1]
    assert len(exchange.usages) == 1


@EVERY
def test_texts_are_on_schedule_and_nothing_else_takes_time(dialect):
    exchange = framed(dialect, (Answer((*REASONING, *ANSWER)),))
    texts = [
        round(chunk.at, 9) for chunk, piece in exchange.placed_pieces if piece.text
    ]

    # The end of the reasoning waits for the text with which it shares a delta.
    shared = {0.6} if dialect.rules.merges_deltas else set()
    assert set(texts) == {0.5, 0.6, 0.7, 0.8} - shared
    assert exchange.arrivals[0].at == 0.0
    assert exchange.elapsed == pytest.approx(0.8)


@EVERY
def test_whole_response_takes_as_long_as_its_stream(dialect):
    exchange = framed(dialect, (Answer((*REASONING, *ANSWER)),), SUM_WHOLE)

    assert exchange.elapsed == pytest.approx(0.8)


@EVERY
@pytest.mark.parametrize("requested", [True, False])
def test_usage_is_where_the_dialect_puts_it(dialect, requested):
    probe = Probe(name="usage", options=Options(usage=requested), stream=True)
    exchange = framed(dialect, (Answer(ANSWER),), probe)
    last = dialect.stream_usage.value == "last-chunk"

    assert len(exchange.usages) == (1 if last or requested else 0)
    assert all(bool(chunk.json["choices"]) is last for chunk, _ in exchange.usages)


@EVERY
def test_stream_ends_as_the_dialect_ends_it(dialect):
    exchange = framed(dialect, (Answer(ANSWER),))
    last = exchange.arrivals[-1]

    assert is_done(last) is dialect.done


def test_finish_reason_is_on_the_last_text_by_rule():
    vllm = framed(DIALECTS["vllm-0.16"], (Answer(ANSWER, "length"),))
    mistral = framed(DIALECTS["mistral-2025-10"], (Answer(ANSWER, "length"),))

    assert vllm.choices[-1][1]["delta"] == {"content": " is 42"}
    assert mistral.choices[-1][1]["delta"] == {"content": ""}


@EVERY
@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
def test_inserted_id_gives_the_same_reply(dialect, probe):
    answers = (Answer((*REASONING, *ANSWER)),)
    head = Head(ID_PLACEHOLDER, HEAD.created, HEAD.model)
    template = framed(dialect, answers, probe, head=head)
    frames = framing.insert_id(
        tuple(framing.Frame(a.at, a.data) for a in template.arrivals), HEAD.id
    )
    direct = framed(dialect, answers, probe)

    assert ID_PLACEHOLDER.encode() in template.body
    assert b"".join(f.data for f in frames).count(HEAD.id.encode()) > 0
    assert [f.at for f in frames] == [a.at for a in direct.arrivals]
    assert merge_pieces(direct.pieces) == merge_pieces(template.pieces)


@EVERY
@each("reason", RejectionReason)
def test_rejection_is_the_dialects_own_and_never_streamed(dialect, reason):
    rejection = Rejection(reason=reason, message="no", pointer="/n", keyword="minimum")
    reply = framing.rejection_reply(REQUEST, rejection, HEAD, dialect)

    assert reply.status == dialect.error(rejection)[0]
    assert not reply.streamed
    assert reply.rejection is rejection


def test_numbers_that_orjson_does_not_support_are_written():
    assert framing.dump_json({"a": 2**70}) == b'{"a":1180591620717411303424}'


def test_empty_body_has_no_content_type():
    reply = framing.plain(REQUEST, HEAD, DIALECTS["vllm-0.16"], b"")

    assert (reply.status, reply.headers, reply.frames) == (200, (), ())


def test_times_may_be_jittered():
    times = partial(LatencyPlan(0.1, 0.1, 0.05).times, number=3)
    exchange = framed(
        DIALECTS["vllm-0.16"], (Answer((*REASONING, *ANSWER)),), times=times
    )

    assert {round(a.at, 9) for a in exchange.arrivals} == {
        0.0,
        *(round(at, 9) for at in times(4)),
    }


TOKENS = (
    Token("[THINK]"),
    *(Token(piece.text, piece.kind) for piece in REASONING),
    Token("[/THINK]"),
    *(Token(piece.text, piece.kind) for piece in ANSWER),
    Token(END),
)
ASKS = Options(max_tokens=9, logprobs=1)


def streamed_tokens(name, pieces=(*REASONING, *ANSWER), finish="stop"):
    """The tokens with a log-probability on each chunk of a choice, in a stream."""
    answer = Answer(pieces, finish, TOKENS if finish == "stop" else TOKENS[:-1])
    exchange = framed(DIALECTS[name], (answer,), replace(SUM, options=ASKS))
    return [
        [entry["token"] for entry in (choice.get("logprobs") or {}).get("content", ())]
        for _, choice in exchange.choices
    ]


def test_streamed_log_probabilities_come_with_their_text():
    texts = [["Hm"], ["m."], ["It"], [" is 42"]]

    assert streamed_tokens("vllm-0.16") == [[], *texts, [END]]
    assert streamed_tokens("vllm-0.16", finish="length") == [[], *texts]
    assert streamed_tokens("inline") == [[], *texts, [END]]
    assert streamed_tokens("llamacpp") == [["[THINK]"], *texts, []]
    assert streamed_tokens("transformers") == [[]] * 6


def test_a_repeated_prefix_has_no_log_probability():
    prefix = Piece(PieceKind.ANSWER, "So: ")
    texts = [["Hm"], ["m."], ["It"], [" is 42"]]

    found = streamed_tokens("llamacpp", (prefix, *REASONING, *ANSWER))
    assert found == [["[THINK]"], [], *texts, []]


@each("name", ["vllm-0.11", "vllm-0.16", "llamacpp", "inline"])
def test_a_whole_reply_has_the_log_probability_of_every_token(name):
    answer = Answer((*REASONING, *ANSWER), "stop", TOKENS)
    exchange = framed(DIALECTS[name], (answer,), replace(SUM_WHOLE, options=ASKS))

    (choice,) = exchange.json["choices"]
    found = [entry["token"] for entry in choice["logprobs"]["content"]]
    assert found[:-1] == [token.text for token in TOKENS[:-1]]


def test_without_a_request_there_is_no_log_probability():
    answer = Answer(ANSWER, "stop")
    exchange = framed(DIALECTS["vllm-0.16"], (answer,), SUM_WHOLE)

    assert exchange.json["choices"][0]["logprobs"] is None
