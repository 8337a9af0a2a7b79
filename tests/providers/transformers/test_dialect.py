"""The message formats of `transformers serve`, as recorded."""

from __future__ import annotations

from contract.model.chat import Call, Piece, PieceKind
from contract.model.dialect import Head, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.transformers.dialect import TRANSFORMERS

HEAD = Head("2ed874e7-6f1c-4128-a132-214a4bcb7858", 1_758_153_600, "m")


def test_role_is_alone_and_calls_are_whole():
    output = (
        Piece(PieceKind.TOOL, '{"a"', call=Call(0, "x_tool_call_0", "f")),
        Piece(PieceKind.TOOL, ":1}", call=Call(0)),
    )
    role, call = TRANSFORMERS.encode(output)

    assert {"role": "assistant"} == role
    assert '{"a":1}' == call["tool_calls"][0]["function"]["arguments"]


def test_only_the_last_chunk_has_a_finish_reason_and_usage():
    middle = TRANSFORMERS.chunk(HEAD, 0, {"content": "4"}, None, None)
    last = TRANSFORMERS.chunk(HEAD, 0, {}, "stop", Usage(10, 36))

    assert [{"delta": {"content": "4"}, "index": 0}] == middle["choices"]
    assert [{"delta": {}, "index": 0, "finish_reason": "stop"}] == last["choices"]
    assert 46 == last["usage"]["total_tokens"]


def test_responses_name_the_revision_of_the_model():
    chunk = TRANSFORMERS.chunk(HEAD, 0, {"content": "4"}, None, None)
    whole = TRANSFORMERS.completion(HEAD, (), Usage(1, 1))

    assert "m@main" == chunk["model"] == whole["model"]


def test_request_id_is_the_id_of_the_response():
    assert (("x-request-id", HEAD.id),) == TRANSFORMERS.headers(HEAD, None)


def test_other_model_is_rejected_with_both_names():
    problem = Rejection(reason=RejectionReason.MODEL, value="b", expected="a")

    assert (
        400,
        {"detail": "Server is pinned to 'a'; requested 'b'."},
    ) == TRANSFORMERS.error(problem)


def test_unknown_fields_are_named_in_a_sentence():
    problem = Rejection(
        reason=RejectionReason.SCHEMA,
        pointer="/prompt_mode",
        keyword="additionalProperties",
    )

    assert (
        422,
        {"detail": "Unexpected fields in the request: {'prompt_mode'}"},
    ) == TRANSFORMERS.error(problem)


def test_body_errors_are_a_list_of_issues():
    status, body = TRANSFORMERS.error(
        Rejection(reason=RejectionReason.MALFORMED, count=28)
    )

    assert 422 == status
    assert {
        "type": "json_invalid",
        "loc": ["body", 28],
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": "Expecting value"},
    } == body["detail"][0]
