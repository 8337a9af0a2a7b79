"""Properties that hold for every dialect."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from support.each import each
from support.every import EVERY

from contract.catalog.providers import aliases, dialects
from contract.model.chat import (
    Message,
    Options,
    Piece,
    PieceKind,
    Text,
    Thinking,
    merge_pieces,
)
from contract.model.dialect import Answer, Head, StreamUsage, Usage
from contract.model.probe import Probe
from contract.model.probes import SUM, TOOL
from contract.model.profile import Profile
from contract.model.rejection import Rejection, RejectionReason
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
from contract.testing.strategies import json_values, marked, pieces, probes, wire_values

DIALECTS = dialects()
HEAD = Head("0123456789abcdef", 1_758_153_600, "m")
USAGE = Usage(10, 7, 3)
REASONING = (
    Piece(PieceKind.REASONING, "six times seven"),
    Piece(PieceKind.REASONING, " is"),
)
OUTPUT = (*REASONING, Piece(PieceKind.ANSWER, "42"), Piece(PieceKind.ANSWER, "."))
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
    *(replace(_PROBLEM, reason=reason) for reason in RejectionReason),
    *(replace(_PROBLEM, keyword=keyword) for keyword in _KEYWORDS),
)
OUTPUTS = {
    "answer": (Piece(PieceKind.ANSWER, "42"),),
    "reasoning and answer": OUTPUT,
    "cut reasoning": REASONING,
    "nothing": (),
}


def streamed(dialect, output, choice=0):
    deltas = [*dialect.encode(output), {}]
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


def decoded_stream(dialect, output, choice=0):
    bodies = [event(encode_json(chunk)) for chunk in streamed(dialect, output, choice)]
    profile = Profile(id="any", dialect=dialect)
    return rehearse(reply(dialect, SSE_TYPE, bodies), SUM, profile)


def decoded_body(dialect, output):
    answers = (Answer(()), Answer(output, "length"))
    body = encode_json(dialect.completion(HEAD, answers, USAGE))
    profile = Profile(id="any", dialect=dialect)
    return rehearse(reply(dialect, JSON_TYPE, [body]), SUM, profile)


def text_of(kind, output):
    return "".join(piece.text for piece in output if piece.kind is kind)


@EVERY
@given(output=pieces(), choice=st.integers(0, 3))
@example(
    output=(Piece(PieceKind.ANSWER, "["), Piece(PieceKind.REASONING, "[/THINK")),
    choice=1,
)
def test_stream_decodes_to_what_was_encoded(dialect, output, choice):
    assume(not (dialect.tagged and marked(output)))
    expected = merge_pieces(replace(piece, choice=choice) for piece in output)

    assert expected == decoded_stream(dialect, output, choice).pieces


@EVERY
@given(output=pieces())
def test_whole_message_decodes_to_what_was_encoded(dialect, output):
    assume(not (dialect.tagged and marked(output)))
    exchange = decoded_body(dialect, output)
    calls = [piece for piece in merge_pieces(output) if piece.kind is PieceKind.TOOL]

    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        assert text_of(kind, output) == exchange.text_of(kind, 1)
    assert [(c.text, c.call.id, c.call.name) for c in calls] == [
        (p.text, p.call.id, p.call.name)
        for p in exchange.pieces
        if p.kind is PieceKind.TOOL
    ]
    assert {0: ("stop",), 1: ("length",)} == exchange.finishes


@EVERY
@given(part=wire_values)
def test_decode_accepts_any_json_without_raising(dialect, part):
    found = dialect.decode(part)

    assert all(isinstance(piece.text, str) for piece in found)


@EVERY
@given(body=st.dictionaries(st.text(max_size=8), wire_values) | wire_values)
def test_parse_accepts_any_object_without_raising(dialect, body):
    assume(isinstance(body, dict))

    assert isinstance(dialect.parse(body), Probe)


@EVERY
@given(probe=probes())
def test_parse_inverts_request(dialect, probe):
    # A surface without such a chunk is sent it as text, which stays text.
    if dialect.surface is not None:
        probe = replace(
            probe,
            messages=tuple(
                replace(message, content=message.text)
                if message.role == "system"
                else message
                for message in probe.messages
            ),
        )
    # The successors of Magistral accept no thinking chunk in a system message.
    if dialect.id in {"mistral-2026-08", "mistral-2026-10", "mistral-responses"}:
        plain = Message("system", "plain")
        probe = replace(
            probe,
            options=replace(probe.options, reasoning_effort="high"),
            messages=tuple(
                plain if message.role == "system" else message
                for message in probe.messages
            ),
        )
    # SGLang reasons only where an effort says so.
    if dialect.id == "sglang-0.5":
        options = replace(probe.options, reasoning_effort="high")
        probe = replace(probe, options=options)

    assert probe == dialect.parse(dialect.request(probe, "m"))


@EVERY
@given(probe=probes())
def test_requests_match_the_schema_of_their_dialect(dialect, probe):
    if dialect.surface is not None:
        return  # it has no part for a thought: tests/providers/responses
    if dialect.id == "vllm-0.32-rust":
        return  # it has one choice and no images: tests/providers/vllm_rust
    body = dialect.request(dialect.prepare(probe), "m")

    assert () == openapi.schema_errors(dialect.prefix + "ChatRequest", body)


@EVERY
@given(output=pieces())
@example(output=REASONING)
def test_responses_match_the_schema_of_their_dialect(dialect, output):
    body = dialect.completion(HEAD, (Answer(output),), USAGE)
    if dialect.surface is not None:
        body = dialect.surface.render(body, None)

    assert () == openapi.schema_errors(dialect.prefix + "ChatResponse", body)


@EVERY
@given(output=pieces())
@example(output=REASONING)
def test_events_match_the_schema_of_their_dialect(dialect, output):
    name = dialect.prefix + "ChatEvent"
    chunks = streamed(dialect, output)
    if dialect.surface is not None:
        tell = dialect.surface.renderer(None)
        chunks = [event for chunk in chunks for _, event in tell(chunk)]
    found = [openapi.schema_errors(name, chunk) for chunk in chunks]

    assert not any(found)


@EVERY
@each("problem", PROBLEMS, ids=lambda p: p.keyword or p.reason)
def test_a_rejection_is_a_client_error_in_the_dialects_format(dialect, problem):
    status, body = dialect.error(problem)

    failed = problem.reason is RejectionReason.FAILURE
    assert status == 500 if failed else 400 <= status < 500
    assert () == openapi.schema_errors(dialect.prefix + "Error", body)


@EVERY
@given(value=json_values, expected=st.text(max_size=9), message=st.text(max_size=9))
def test_any_value_and_text_can_be_in_an_error(dialect, value, expected, message):
    for problem in PROBLEMS:
        odd = replace(problem, value=value, expected=expected, message=message)
        _, body = dialect.error(odd)

        assert () == openapi.schema_errors(dialect.prefix + "Error", body)


@EVERY
def test_errors_do_not_share_state(dialect):
    for reason in RejectionReason:
        _, body = dialect.error(Rejection(reason=reason))
        before = encode_json(body)
        if isinstance(body, dict):
            body.clear()

        assert before == encode_json(dialect.error(Rejection(reason=reason))[1])


@EVERY
def test_models_match_the_schema_and_are_all_named(dialect):
    body = dialect.models(("magistral-small-2509", "magistral-small-latest"), 131_072)

    assert () == openapi.schema_errors(dialect.prefix + "ModelList", body)
    assert ["magistral-small-2509", "magistral-small-latest"] == [
        card["id"] for card in body["data"]
    ]


@EVERY
@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_usage_is_at_the_location_the_dialect_declares(dialect, output):
    exchange = decoded_stream(dialect, output)
    carrier = exchange.usages[0][0].json

    assert 1 == len(exchange.usages)
    assert (10, 7, 17) == tuple(
        exchange.count(name)
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    assert (dialect.stream_usage is not StreamUsage.LAST_CHUNK) == (
        carrier["choices"] == []
    )


@EVERY
def test_reasoning_is_only_in_the_declared_fields(dialect):
    message = dialect.message(OUTPUT)
    carrying = {
        name
        for name, value in message.items()
        if isinstance(value, str) and "six times seven" in value and name != "content"
    }

    assert dialect.reasoning_fields == carrying


@EVERY
def test_system_message_is_sent_only_to_request_reasoning(dialect):
    silent = replace(SUM, reasons=False)
    own = replace(SUM, messages=(Message("system", "Be brief."), *SUM.messages))
    prepared = dialect.prepare(SUM).messages

    assert silent == dialect.prepare(silent)
    assert own == dialect.prepare(own)
    assert prepared == (
        SUM.messages if dialect.system is None else (dialect.system, *SUM.messages)
    )


@EVERY
def test_system_message_survives_encoding_and_parsing(dialect):
    probe = replace(dialect.prepare(TOOL), model="m")

    assert probe.messages == dialect.parse(dialect.request(probe, "m")).messages


@EVERY
def test_system_message_triggers_no_script_of_the_mock(dialect):
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
def test_usage_is_requested_only_where_it_must_be(dialect):
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


def test_aliases_are_not_dialects():
    assert not set(aliases()) & set(DIALECTS)


def test_prefixes_are_distinct():
    prefixes = [dialect.prefix for dialect in DIALECTS.values()]

    assert len(set(prefixes)) == len(prefixes)


def test_nothing_is_prepared_without_messages():
    probe = Probe(name="list", options=Options())

    assert probe == DIALECTS["vllm-0.16"].prepare(probe)


def test_replayed_reasoning_is_sent_exactly_once():
    replayed = Message("assistant", (Thinking("six times seven"), Text("42")))
    probe = replace(SUM, messages=(*SUM.messages, replayed, *SUM.messages))
    for dialect in DIALECTS.values():
        body = encode_json(dialect.request(probe, "m"))

        assert body.count(b"six times seven") == 1, dialect.id
