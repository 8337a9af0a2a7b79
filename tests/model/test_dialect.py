"""Laws that every dialect keeps, whatever it spells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from values import json_values, marked, pieces, probes, wire_values

from contract.catalog.providers import (
    aliases,
    dialects,
)
from contract.model.chat import (
    Message,
    Options,
    Piece,
    PieceKind,
    Probe,
    Text,
    Thinking,
    merge_pieces,
)
from contract.model.dialect import (
    Answer,
    Head,
    StreamUsage,
    Usage,
)
from contract.model.probes import (
    SUM,
    TOOL,
)
from contract.model.profile import Profile
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    JSON_TYPE,
    SSE_TYPE,
    Frame,
    Reply,
    encode_json,
    rehearse,
)
from contract.model.sse import encode as event
from contract.model.wire import Request
from contract.schema import openapi

DIALECTS = dialects()
EVERY = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
HEAD = Head("0123456789abcdef", 1_758_153_600, "m")
USAGE = Usage(10, 7, 3)
THOUGHT = (
    Piece(PieceKind.REASONING, "six times seven"),
    Piece(PieceKind.REASONING, " is"),
)
SAID = (*THOUGHT, Piece(PieceKind.ANSWER, "42"), Piece(PieceKind.ANSWER, "."))
_PROBLEM = Rejection(
    reason=RejectionReason.SCHEMA,
    message="Why.",
    pointer="/messages/0/content",
    value=5,
    expected="a string",
    count=131_073,
    limit=131_072,
)
_KEYWORDS = ("type", "required", "enum", "minimum", "additionalProperties", "oneOf")
PROBLEMS = (
    *(replace(_PROBLEM, reason=trouble) for trouble in RejectionReason),
    *(replace(_PROBLEM, keyword=keyword) for keyword in _KEYWORDS),
)
SAYINGS = {
    "answer": (Piece(PieceKind.ANSWER, "42"),),
    "thought and answer": SAID,
    "cut thought": THOUGHT,
    "nothing": (),
}


def streamed(dialect, said, choice=0):
    deltas = [*dialect.encode(said), {}]
    usage = USAGE if dialect.stream_usage is StreamUsage.LAST_CHUNK else None
    chunks = [dialect.chunk(HEAD, choice, delta, None, None) for delta in deltas[:-1]]
    chunks.append(dialect.chunk(HEAD, choice, deltas[-1], "stop", usage))
    if dialect.usage_chunk:
        chunks.append(dialect.usage_chunk(HEAD, USAGE))
    return chunks


def reply(dialect, header, bodies):
    frames = tuple(Frame(0.1 * at, body) for at, body in enumerate(bodies))
    return Reply(
        headers=(header,), frames=frames, dialect=dialect, request=Request("POST", "/")
    )


def heard(dialect, said, choice=0):
    bodies = [event(encode_json(chunk)) for chunk in streamed(dialect, said, choice)]
    profile = Profile(id="any", dialect=dialect)
    return rehearse(reply(dialect, SSE_TYPE, bodies), SUM, profile)


def read(dialect, said):
    answers = (Answer(()), Answer(said, "length"))
    body = encode_json(dialect.completion(HEAD, answers, USAGE))
    profile = Profile(id="any", dialect=dialect)
    return rehearse(reply(dialect, JSON_TYPE, [body]), SUM, profile)


def said_by(kind, said):
    return "".join(piece.text for piece in said if piece.kind is kind)


@EVERY
@given(said=pieces(), choice=st.integers(0, 3))
@example(
    said=(Piece(PieceKind.ANSWER, "["), Piece(PieceKind.REASONING, "[/THINK")), choice=1
)
def test_stream_says_what_was_encoded(dialect, said, choice):
    assume(not (dialect.tagged and marked(said)))
    expected = merge_pieces(replace(piece, choice=choice) for piece in said)

    assert expected == heard(dialect, said, choice).pieces


@EVERY
@given(said=pieces())
def test_whole_message_says_what_was_encoded(dialect, said):
    assume(not (dialect.tagged and marked(said)))
    exchange = read(dialect, said)
    calls = [piece for piece in merge_pieces(said) if piece.kind is PieceKind.TOOL]

    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        assert said_by(kind, said) == exchange.text_of(kind, 1)
    assert [(c.text, c.call.id, c.call.name) for c in calls] == [
        (p.text, p.call.id, p.call.name)
        for p in exchange.pieces
        if p.kind is PieceKind.TOOL
    ]
    assert {0: ("stop",), 1: ("length",)} == exchange.finishes


@EVERY
@given(part=wire_values)
def test_decode_reads_any_json_without_raising(dialect, part):
    found = dialect.decode(part)

    assert all(isinstance(piece.text, str) for piece in found)


@EVERY
@given(body=st.dictionaries(st.text(max_size=8), wire_values) | wire_values)
def test_parse_reads_any_object_without_raising(dialect, body):
    assume(isinstance(body, dict))

    assert isinstance(dialect.parse(body), Probe)


@EVERY
@given(probe=probes())
def test_parse_understands_what_request_spells(dialect, probe):
    # The successors of Magistral take no thought in a system message.
    if dialect.id == "mistral-2026-08":
        plain = Message("system", "plain")
        probe = replace(
            probe,
            options=replace(probe.options, reasoning_effort="high"),
            messages=tuple(
                plain if message.role == "system" else message
                for message in probe.messages
            ),
        )

    assert probe == dialect.parse(dialect.request(probe, "m"))


@EVERY
@given(probe=probes())
def test_requests_fit_the_schema_of_their_dialect(dialect, probe):
    body = dialect.request(dialect.prepare(probe), "m")

    assert () == openapi.schema_errors(dialect.prefix + "ChatRequest", body)


@EVERY
@given(said=pieces())
@example(said=THOUGHT)
def test_responses_fit_the_schema_of_their_dialect(dialect, said):
    body = dialect.completion(HEAD, (Answer(said),), USAGE)

    assert () == openapi.schema_errors(dialect.prefix + "ChatResponse", body)


@EVERY
@given(said=pieces())
@example(said=THOUGHT)
def test_events_fit_the_schema_of_their_dialect(dialect, said):
    name = dialect.prefix + "ChatEvent"
    found = [openapi.schema_errors(name, chunk) for chunk in streamed(dialect, said)]

    assert not any(found)


@EVERY
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.keyword or p.reason)
def test_every_trouble_is_a_client_error_in_the_dialects_shape(dialect, problem):
    status, body = dialect.error(problem)

    assert 400 <= status < 500
    assert () == openapi.schema_errors(dialect.prefix + "Error", body)


@EVERY
@given(value=json_values, expected=st.text(max_size=9), message=st.text(max_size=9))
def test_errors_can_be_made_of_anything(dialect, value, expected, message):
    for problem in PROBLEMS:
        odd = replace(problem, value=value, expected=expected, message=message)
        _, body = dialect.error(odd)

        assert () == openapi.schema_errors(dialect.prefix + "Error", body)


@EVERY
def test_errors_do_not_share_state(dialect):
    for trouble in RejectionReason:
        _, body = dialect.error(Rejection(reason=trouble))
        before = encode_json(body)
        if isinstance(body, dict):
            body.clear()

        assert before == encode_json(dialect.error(Rejection(reason=trouble))[1])


@EVERY
def test_models_fit_the_schema_and_name_all(dialect):
    body = dialect.models(("magistral-small-2509", "magistral-small-latest"), 131_072)

    assert () == openapi.schema_errors(dialect.prefix + "ModelList", body)
    assert ["magistral-small-2509", "magistral-small-latest"] == [
        card["id"] for card in body["data"]
    ]


@EVERY
@pytest.mark.parametrize("said", SAYINGS.values(), ids=SAYINGS)
def test_usage_is_where_the_dialect_says(dialect, said):
    exchange = heard(dialect, said)
    carrier = exchange.usages[0][0].json

    assert 1 == len(exchange.usages)
    assert (10, 7, 17) == tuple(
        exchange.count(name)
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    assert (dialect.stream_usage is StreamUsage.EXTRA_CHUNK) == (
        carrier["choices"] == []
    )


@EVERY
def test_thought_is_found_only_in_the_declared_fields(dialect):
    message = dialect.message(SAID)
    carrying = {
        name
        for name, value in message.items()
        if isinstance(value, str) and "six times seven" in value and name != "content"
    }

    assert dialect.reasoning_fields == carrying


@EVERY
def test_system_message_is_sent_only_to_think(dialect):
    silent = replace(SUM, reasons=False)
    own = replace(SUM, messages=(Message("system", "Be brief."), *SUM.messages))
    prepared = dialect.prepare(SUM).messages

    assert silent == dialect.prepare(silent)
    assert own == dialect.prepare(own)
    assert prepared == (
        SUM.messages if dialect.system is None else (dialect.system, *SUM.messages)
    )


@EVERY
def test_system_message_survives_the_wire(dialect):
    probe = replace(dialect.prepare(TOOL), model="m")

    assert probe.messages == dialect.parse(dialect.request(probe, "m")).messages


@EVERY
def test_system_message_triggers_no_scripted_model(dialect):
    triggers = [
        "json",
        "code",
        "quick",
        "empty",
        "loop",
        "open",
        "random",
        "both",
        "tools",
        "#",
    ]
    parts = dialect.system.parts if dialect.system else ()
    words = " ".join(part.text for part in parts).lower()

    assert [] == [trigger for trigger in triggers if trigger in words]


@EVERY
def test_usage_is_asked_for_only_where_it_must_be(dialect):
    asking = dialect.request(SUM, "m").get("stream_options")
    silent = replace(SUM, options=replace(SUM.options, usage=False))
    wanted = dialect.stream_usage is StreamUsage.EXTRA_CHUNK

    assert ({"include_usage": True} if wanted else None) == asking
    assert "stream_options" not in dialect.request(silent, "m")
    assert (not wanted) == dialect.parse(dialect.request(silent, "m")).options.usage


@EVERY
def test_headers_are_lower_case_text(dialect):
    for usage in (None, USAGE):
        for name, value in dialect.headers(HEAD, usage):
            assert name == name.lower()
            assert isinstance(value, str)


def test_aliases_are_no_dialects():
    assert not set(aliases()) & set(DIALECTS)


def test_prefixes_are_distinct():
    prefixes = [dialect.prefix for dialect in DIALECTS.values()]

    assert len(set(prefixes)) == len(prefixes)


def test_nothing_is_prepared_without_messages():
    probe = Probe(name="list", options=Options())

    assert probe == DIALECTS["vllm-0.16"].prepare(probe)


def test_thinking_is_never_lost_where_it_can_be_said():
    thought = Message("assistant", (Thinking("six times seven"), Text("42")))
    probe = replace(SUM, messages=(*SUM.messages, thought, *SUM.messages))
    for dialect in DIALECTS.values():
        body = encode_json(dialect.request(probe, "m"))

        assert body.count(b"six times seven") == 1, dialect.id
