"""Status codes and error bodies of Mistral's hosted API."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from contract.model.chat import Json
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format.pydantic_errors import pydantic_error

_ARGUMENTS = ("invalid_request_invalid_args", "3051")


_ORDER = ("invalid_request_message_order", "3230")


_FILE = ("invalid_request_file", "3310")


_KINDS = {
    RejectionReason.MODEL: ("invalid_model", "1500"),
    RejectionReason.OVERFLOW: _ARGUMENTS,
    RejectionReason.MAX_TOKENS: _ARGUMENTS,
    RejectionReason.ORDER: _ORDER,
    RejectionReason.TOOL: _ORDER,
    RejectionReason.TOOL_CHOICE: _ARGUMENTS,
    RejectionReason.IMAGE: _FILE,
    RejectionReason.IMAGE_URL: _FILE,
    RejectionReason.IMAGE_COUNT: _ARGUMENTS,
    RejectionReason.UNSUPPORTED: _ARGUMENTS,
    RejectionReason.ENCODING: ("invalid_request_error", None),
    RejectionReason.RATE: ("rate_limited", "1300"),
}


def error_2025(problem: Rejection) -> tuple[int, Json]:
    """Return status and flat envelope; the gateway has other formats of its own."""
    reason = problem.reason
    if reason in {RejectionReason.NO_KEY, RejectionReason.WRONG_KEY}:
        return 401, {"detail": "Unauthorized"}
    if reason is RejectionReason.ROUTE:
        digest = hashlib.sha256(problem.message.encode()).hexdigest()
        text = "no Route matched with those values"
        return 404, {"message": text, "request_id": digest[:32]}
    if reason is RejectionReason.METHOD:
        return 405, {"detail": "Method Not Allowed"}
    if problem.server_status:
        return problem.server_status, _envelope(*_failure(problem))
    if reason not in _KINDS:
        detail: dict[str, Json] = {"detail": [pydantic_error(problem)]}
        return 422, _envelope(detail, "invalid_request_error", None)
    kind, code = _KINDS[reason]
    status = 429 if reason is RejectionReason.RATE else 400
    return status, _envelope(_sentence(problem), kind, code)


def error_2026(problem: Rejection) -> tuple[int, Json]:
    """Return the error of 2025 with the status in it; a wrong key has its own text."""
    if problem.reason is RejectionReason.WRONG_KEY:
        return 401, {"detail": "Invalid API Key"}
    status, body = error_2025(problem)
    if isinstance(body, dict) and body.get("object") == "error":
        body["raw_status_code"] = status
    return status, body


def _envelope(message: Json, kind: str, code: str | None) -> dict[str, Json]:
    return {
        "object": "error",
        "message": message,
        "type": kind,
        "param": None,
        "code": code,
    }


def _failure(problem: Rejection) -> tuple[str, str, str | None]:
    """Return message, type and code of an error that is not about the request."""
    status = problem.server_status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return problem.message or "Rate limit exceeded", "rate_limited", "1300"
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem.message or problem.reason.value, "invalid_request_error", None
    message = problem.message or "Service unavailable."
    return message, "internal_server_error", "1000"


def _sentence(problem: Rejection) -> str:
    if problem.reason is RejectionReason.MODEL:
        return f"Invalid model: {problem.value}"
    too_large = f"too large for model with {problem.limit} maximum context length"
    if problem.reason is RejectionReason.OVERFLOW:
        return f"Prompt contains {problem.count} tokens and 0 draft tokens, {too_large}"
    if problem.reason is RejectionReason.MAX_TOKENS:
        needed = f"Prompt and max_tokens need {problem.count} tokens, {too_large}"
        return problem.message or needed
    if problem.reason is RejectionReason.RATE:
        return "Rate limit exceeded"
    if problem.reason is RejectionReason.ENCODING:
        return "There was an error parsing the body"
    return problem.message or problem.reason.value
