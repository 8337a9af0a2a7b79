"""llama.cpp's message formats, as recorded from its server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.chat import Message, Piece, PieceKind, Text, Thinking
from contract.model.dialect import Answer, Head, Usage
from contract.model.probes import SUM
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.llamacpp.dialect import LLAMACPP

HEAD = Head("chatcmpl-rG8Xg2bzIqJ8hfiaBPQWWuDFoeSRagHx", 1_758_153_600, "m")
OUTPUT = (Piece(PieceKind.REASONING, "Hm"), Piece(PieceKind.ANSWER, "42"))


def test_role_has_null_content():
    assert [
        {"role": "assistant", "content": None},
        {"reasoning_content": "Hm"},
        {"content": "42"},
    ] == list(LLAMACPP.encode(OUTPUT))


def test_absent_reasoning_is_left_out():
    assert {"role": "assistant", "content": "42"} == LLAMACPP.message(OUTPUT[1:])
    assert {"role": "assistant", "content": ""} == LLAMACPP.message(())


def test_timings_follow_from_the_counts():
    timings = LLAMACPP.completion(HEAD, (Answer(OUTPUT),), Usage(100, 20))["timings"]

    assert (100, 15.0) == (timings["prompt_n"], timings["prompt_ms"])
    assert (20, 9.0) == (timings["predicted_n"], timings["predicted_ms"])


def test_reasoning_in_a_system_message_is_tagged_text():
    system = Message("system", (Text("a"), Thinking("b"), Text("c")))
    body = LLAMACPP.request(replace(SUM, messages=(system, *SUM.messages)), "m")

    assert "a[THINK]b[/THINK]c" == body["messages"][0]["content"]
    assert system == LLAMACPP.parse(body).messages[0]


def test_replayed_reasoning_is_reasoning_content():
    replayed = Message("assistant", (Thinking("Hm"),))
    body = LLAMACPP.request(replace(SUM, messages=(replayed, *SUM.messages)), "m")

    assert {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Hm",
    } == body["messages"][0]


@pytest.mark.parametrize(
    ("problem", "status", "error"),
    [
        pytest.param(
            Rejection(reason=RejectionReason.OVERFLOW, count=5_004, limit=4_096),
            400,
            {
                "code": 400,
                "message": "request (5004 tokens) exceeds the available context size "
                "(4096 tokens), try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 5_004,
                "n_ctx": 4_096,
            },
            id="overflow",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.WRONG_KEY),
            401,
            {"code": 401, "message": "Invalid API Key", "type": "authentication_error"},
            id="key",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.METHOD),
            404,
            {"code": 404, "message": "File Not Found", "type": "not_found_error"},
            id="method",
        ),
        pytest.param(
            Rejection(
                reason=RejectionReason.SCHEMA, pointer="/messages", keyword="required"
            ),
            400,
            {
                "code": 400,
                "message": "'messages' is required",
                "type": "invalid_request_error",
            },
            id="missing",
        ),
    ],
)
def test_errors_are_the_recorded_ones(problem, status, error):
    assert (status, {"error": error}) == LLAMACPP.error(problem)


def test_models_state_the_context_window():
    card = LLAMACPP.models(("m",), 4_096)["data"][0]

    assert 4_096 == card["meta"]["n_ctx"]
