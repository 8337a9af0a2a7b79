"""The message formats of LM Studio, as its documentation shows them."""

from __future__ import annotations

import pytest

from contract.model.chat import Call, Piece, PieceKind
from contract.model.dialect import Answer, Head, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.lmstudio.dialect import LMSTUDIO

HEAD = Head("chatcmpl-i3gkjwthhw96whukek9tz", 1_795_770_552, "magistral-small-2509")
OUTPUT = (Piece(PieceKind.REASONING, "Okay"), Piece(PieceKind.ANSWER, "42"))
CALL = Piece(PieceKind.TOOL, "{}", call=Call(0, "365174485", "f"))


def test_reasoning_has_a_field_of_its_own():
    assert LMSTUDIO.message(OUTPUT) == {
        "role": "assistant",
        "content": "42",
        "reasoning_content": "Okay",
    }


def test_a_whole_response_has_stats_and_null_logprobs():
    whole = LMSTUDIO.completion(HEAD, (Answer((*OUTPUT, CALL)),), Usage(3, 4))
    (choice,) = whole["choices"]

    assert whole["stats"] == {}
    assert choice["logprobs"] is None
    assert LMSTUDIO.decode(choice["message"]) == (*OUTPUT, CALL)


def test_usage_of_a_stream_is_in_a_chunk_of_its_own():
    last = LMSTUDIO.chunk(HEAD, 0, {}, "stop", Usage(1, 1))
    usage = LMSTUDIO.usage_chunk(HEAD, Usage(3, 4))

    assert last["choices"][0]["finish_reason"] == "stop"
    assert "usage" not in last
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 7)


def test_a_card_has_no_time_and_no_window():
    (card,) = LMSTUDIO.models(("a",), 8_192)["data"]

    assert card == {"id": "a", "object": "model", "owned_by": "organization_owner"}


@pytest.mark.parametrize(
    ("reason", "status", "said"),
    [
        (RejectionReason.ROUTE, 404, "Unexpected endpoint or method. (GET /x)"),
        (RejectionReason.IMAGE, 400, "'url' field must be a base64 encoded image"),
        (RejectionReason.SCHEMA, 400, "'n': "),
        (RejectionReason.FAILURE, 500, "GET /x"),
    ],
)
def test_an_error_is_a_text(reason, status, said):
    problem = Rejection(
        reason=reason, message="GET /x", pointer="/n", keyword="minimum"
    )
    found, body = LMSTUDIO.error(problem)

    assert found == status
    assert body["error"].startswith(said)
