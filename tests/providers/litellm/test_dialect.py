"""The message formats of LiteLLM's proxy, as recorded with 1.108.4."""

from __future__ import annotations

import pytest

from contract.model.chat import Call, Piece, PieceKind
from contract.model.dialect import Answer, Head, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.litellm.dialect import LITELLM

HEAD = Head("chatcmpl-1", 1_795_756_159, "magistral-small-2509")
OUTPUT = (Piece(PieceKind.REASONING, "Okay"), Piece(PieceKind.ANSWER, "42"))


def test_reasoning_has_a_field_of_its_own_and_a_copy():
    assert LITELLM.message(OUTPUT) == {
        "content": "42",
        "role": "assistant",
        "reasoning_content": "Okay",
        "provider_specific_fields": {"reasoning_content": "Okay"},
    }


def test_a_message_with_calls_has_null_content():
    call = Piece(PieceKind.TOOL, "{}", call=Call(0, "abcdefghi", "f"))
    message = LITELLM.message((call,))

    assert message["content"] is None
    assert [one["id"] for one in message["tool_calls"]] == ["abcdefghi"]


def test_only_the_last_event_of_a_choice_has_a_finish_reason():
    middle = LITELLM.chunk(HEAD, 0, {"content": "4"}, None, None)
    last = LITELLM.chunk(HEAD, 0, {}, "stop", Usage(1, 1))

    assert middle["choices"] == [{"index": 0, "delta": {"content": "4"}}]
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert "usage" not in last


def test_what_it_encodes_it_decodes():
    (choice,) = LITELLM.completion(HEAD, (Answer(OUTPUT),), Usage(3, 4))["choices"]

    assert LITELLM.decode(choice["message"]) == OUTPUT


@pytest.mark.parametrize(
    ("reason", "status", "begins", "kind"),
    [
        (RejectionReason.OVERFLOW, 400, "litellm.ContextWindow", "invalid_request"),
        (RejectionReason.MODEL, 400, "litellm.BadRequestError", "invalid_request"),
        (RejectionReason.RATE, 429, "litellm.RateLimitError", "invalid_request"),
        (RejectionReason.NO_KEY, 401, "Invalid API Key", "auth"),
    ],
)
def test_the_code_of_an_error_is_a_text(reason, status, begins, kind):
    found, body = LITELLM.error(Rejection(reason=reason, message="no", value="m"))
    error = body["error"]

    assert (found, error["code"]) == (status, str(status))
    assert error["message"].startswith(begins)
    assert error["type"] == f"{kind}_error"


def test_the_model_list_states_no_window():
    listed = LITELLM.models(("a", "b"), 8_192)

    assert [card["id"] for card in listed["data"]] == ["a", "b"]
    assert "8192" not in str(listed)
