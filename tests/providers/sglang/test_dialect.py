"""The message formats of SGLang's server, as recorded with 0.5.23."""

from __future__ import annotations

import pytest

from contract.model import probes
from contract.model.chat import Call, Piece, PieceKind
from contract.model.dialect import Answer, Head, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.sglang.dialect import SGLANG

HEAD = Head("8ec8859eb6b34d0ea0b9ae1339688e36", 1_795_770_552, "magistral-small-2509")
OUTPUT = (Piece(PieceKind.REASONING, "Okay"), Piece(PieceKind.ANSWER, "42"))
CALL = Piece(PieceKind.TOOL, "{}", call=Call(0, "call_0123456789abcdef01234567", "f"))


def test_reasoning_is_requested_with_an_effort():
    body = SGLANG.request(probes.SUM, "m")

    assert body["reasoning_effort"] == "high"
    assert SGLANG.parse(body).reasons
    assert not SGLANG.parse({**body, "reasoning_effort": "none"}).reasons
    del body["reasoning_effort"]
    assert not SGLANG.parse(body).reasons


def test_a_whole_message_has_empty_content_and_null_reasoning():
    assert SGLANG.message(OUTPUT) == {
        "role": "assistant",
        "content": "42",
        "reasoning_content": "Okay",
    }
    called = SGLANG.message((CALL,))

    assert (called["content"], called["reasoning_content"]) == ("", None)
    assert called["tool_calls"][0]["index"] == 0


def test_every_delta_names_the_reasoning():
    first, *deltas = SGLANG.encode((*OUTPUT, CALL))

    assert first == {"reasoning_content": None, "role": "assistant", "content": ""}
    assert deltas[0] == {"reasoning_content": "Okay"}
    assert deltas[1] == {"reasoning_content": None, "content": "42"}
    assert deltas[2]["reasoning_content"] is deltas[2]["content"] is None
    assert deltas[2]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_the_last_event_of_a_choice_names_the_token_that_ended_it():
    middle = SGLANG.chunk(HEAD, 0, {"content": "4"}, None, None)["choices"][0]
    last = SGLANG.chunk(HEAD, 0, {}, "stop", Usage(1, 1))["choices"][0]

    assert (middle["finish_reason"], middle["matched_stop"]) == (None, None)
    assert (last["finish_reason"], last["matched_stop"]) == ("stop", 2)
    assert last["delta"] == {"reasoning_content": None}


def test_reasoning_tokens_are_counted_in_two_places():
    usage = SGLANG.usage_chunk(HEAD, Usage(12, 25, 18))["usage"]
    none = SGLANG.usage_chunk(HEAD, Usage(12, 25))["usage"]

    assert usage["reasoning_tokens"] == 18
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 18}
    assert none["completion_tokens_details"] is None


def test_what_it_encodes_it_decodes():
    answers = (Answer((*OUTPUT, CALL)),)
    (choice,) = SGLANG.completion(HEAD, answers, Usage(3, 4))["choices"]

    assert SGLANG.decode(choice["message"]) == (*OUTPUT, CALL)


@pytest.mark.parametrize(
    ("reason", "status", "member"),
    [
        (RejectionReason.NO_KEY, 401, "error"),
        (RejectionReason.ROUTE, 404, "detail"),
        (RejectionReason.OVERFLOW, 400, "message"),
        (RejectionReason.SCHEMA, 400, "message"),
        (RejectionReason.FAILURE, 500, "message"),
    ],
)
def test_errors_have_the_shape_of_their_origin(reason, status, member):
    problem = Rejection(reason=reason, message="no", keyword="required", pointer="/n")
    found, body = SGLANG.error(problem)

    assert found == status
    assert body[member]
    assert body.get("code", status) == status


def test_a_card_states_the_window():
    (card,) = SGLANG.models(("a",), 8_192)["data"]

    assert (card["owned_by"], card["max_model_len"]) == ("sglang", 8_192)
