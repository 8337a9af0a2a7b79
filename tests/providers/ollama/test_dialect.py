"""The message formats of Ollama, as its sources write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model import probes
from contract.model.chat import Call, Piece, PieceKind
from contract.model.dialect import Answer, Head, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.ollama.dialect import OLLAMA

HEAD = Head("chatcmpl-771", 1_795_770_552, "magistral:24b")
OUTPUT = (Piece(PieceKind.REASONING, "Okay"), Piece(PieceKind.ANSWER, "42"))
CALL = Piece(PieceKind.TOOL, "{}", call=Call(0, "call_abcdefgh", "f"))


def test_reasoning_is_switched_off_by_an_effort_and_never_on():
    on = OLLAMA.request(probes.SUM, "m")
    off = OLLAMA.request(replace(probes.SUM, reasons=False), "m")

    assert "reasoning_effort" not in on
    assert off["reasoning_effort"] == "none"
    assert OLLAMA.parse(on).reasons
    assert not OLLAMA.parse(off).reasons


def test_a_whole_message_has_empty_content_and_leaves_absent_reasoning_out():
    assert OLLAMA.message(OUTPUT) == {
        "role": "assistant",
        "content": "42",
        "reasoning": "Okay",
    }
    called = OLLAMA.message((CALL,))

    assert called["content"] == ""
    assert "reasoning" not in called
    assert called["tool_calls"][0]["index"] == 0


def test_every_delta_has_role_and_content_and_a_call_is_whole():
    deltas = [*OLLAMA.encode((*OUTPUT, CALL))]

    assert all(one["role"] == "assistant" for one in deltas)
    assert [one["content"] for one in deltas] == ["", "", "42", ""]
    assert deltas[1]["reasoning"] == "Okay"
    assert deltas[3]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_the_last_event_has_a_delta_without_text_and_usage_is_apart():
    last = OLLAMA.chunk(HEAD, 0, {}, "stop", Usage(1, 1))
    usage = OLLAMA.usage_chunk(HEAD, Usage(3, 4, 2))

    assert last["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "usage" not in last
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 7


def test_what_it_encodes_it_decodes():
    answers = (Answer((*OUTPUT, CALL)),)
    (choice,) = OLLAMA.completion(HEAD, answers, Usage(3, 4))["choices"]

    assert OLLAMA.decode(choice["message"]) == (*OUTPUT, CALL)


@pytest.mark.parametrize(
    ("reason", "status", "kind", "said"),
    [
        (RejectionReason.MODEL, 404, "not_found_error", "model 'x' not found"),
        (RejectionReason.IMAGE, 400, "invalid_request_error", "invalid image input"),
        (RejectionReason.RATE, 429, "api_error", "server busy, please try again."),
        (RejectionReason.FAILURE, 500, "api_error", "no"),
        (RejectionReason.SCHEMA, 400, "invalid_request_error", "n: "),
    ],
)
def test_errors_have_a_kind_by_status_and_null_param_and_code(
    reason, status, kind, said
):
    problem = Rejection(
        reason=reason, message="no", value="x", pointer="/n", keyword="minimum"
    )
    found, body = OLLAMA.error(problem)

    assert found == status
    assert body["error"]["type"] == kind
    assert body["error"]["message"].startswith(said)
    assert (body["error"]["param"], body["error"]["code"]) == (None, None)
