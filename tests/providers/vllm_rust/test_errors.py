"""The error bodies of vLLM's Rust frontend, as recorded with 0.32.0."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from contract.mock_server.provider import MockProvider
from contract.model.rejection import Rejection, RejectionReason
from contract.model.wire import Request
from contract.providers.vllm_rust.dialect import VLLM_RUST
from contract.providers.vllm_rust.errors import error

RECORDED = Path("fixtures/exchanges/vllm-0.32.0-rust")
MOCK = MockProvider(VLLM_RUST)
# Rejected for another reason than in the frontend, which has another code.
OTHER_CODE = {
    "attached-audio": "the frontend knows the type of the part, and the model has none",
    "max-tokens-negative": "the frontend reads it as an unsigned number",
    "result-with-audio": "the frontend knows the type of the part",
    "unknown-role": "the frontend leaves roles to the chat template",
}
# A waiver of the profile; the mock keeps the contract.
ANSWERED = {"empty-message", "empty-system-and-message"}
REJECTED = sorted(
    path
    for path in RECORDED.glob("*.json")
    if path.name != "manifest.json"
    and b'"status": 400' in (saved := path.read_bytes())
    and b'"body": {' in saved
    and len(saved) < 100_000
    and path.stem[:-13] not in ANSWERED
)


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem[:-13])
def test_the_mock_rejects_what_was_rejected(path):
    saved = orjson.loads(path.read_bytes())
    wanted = orjson.loads("".join(text for _, text in saved["response"]["arrivals"]))
    request = saved["request"]
    headers = tuple((name, value) for name, value in request["headers"])
    sent = Request(
        request["method"], request["path"], headers, orjson.dumps(request["body"])
    )
    reply = MOCK.reply(sent)
    body = orjson.loads(reply.body)

    assert reply.status == 400
    assert body["error"].keys() == wanted["error"].keys()
    assert body["error"]["type"] == wanted["error"]["type"]
    if saved["name"] not in OTHER_CODE:
        assert body["error"]["code"] == wanted["error"]["code"]


@pytest.mark.parametrize("reason", [RejectionReason.NO_KEY, RejectionReason.WRONG_KEY])
def test_without_the_right_key_the_error_is_a_text(reason):
    assert error(Rejection(reason=reason)) == (401, {"error": "Unauthorized"})


@pytest.mark.parametrize(
    ("reason", "status"), [(RejectionReason.ROUTE, 404), (RejectionReason.METHOD, 405)]
)
def test_an_unknown_path_has_the_error_that_the_frontend_lacks(reason, status):
    found, body = error(Rejection(reason=reason))

    assert (found, body["error"]["code"]) == (status, "not_found")


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (Rejection(reason=RejectionReason.RATE), 429, "rate_limit_error"),
        (Rejection(reason=RejectionReason.FAILURE), 500, "server_error"),
        (Rejection(reason=RejectionReason.FAILURE, status=503), 503, "server_error"),
        (
            Rejection(reason=RejectionReason.TOO_LARGE),
            413,
            "invalid_request_error",
        ),
        (
            Rejection(reason=RejectionReason.MODEL, value="m"),
            404,
            "model_not_found",
        ),
    ],
)
def test_other_errors_have_a_code_that_is_a_text(problem, status, code):
    found, body = error(problem)

    assert (found, body["error"]["code"]) == (status, code)
    assert body["error"]["message"]
