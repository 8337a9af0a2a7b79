"""Error bodies of vLLM's Rust frontend, recorded with 0.32.0."""

from __future__ import annotations

from contract.model.chat import Json
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format.pydantic_errors import BOUNDS, steps

_INVALID = "invalid_request_error"
# The body is not JSON, or has a value of another type than the request has.
_PARSING = "json_parse_error"
_DENIED = {RejectionReason.NO_KEY, RejectionReason.WRONG_KEY}
# The frontend answers these without a body; this is the error that it lacks.
_LACKING = {
    RejectionReason.ROUTE: (404, "Not Found"),
    RejectionReason.METHOD: (405, "Method Not Allowed"),
}
# Type, which is also the code, and message of an error that is not about the request.
_FAILURES = {
    429: ("rate_limit_error", "Too many requests"),
    500: ("server_error", "failed to submit chat request"),
    503: ("server_error", "The server is overloaded"),
}
_SENTENCES = {
    RejectionReason.OVERFLOW: (
        "this model's maximum context length is {0.limit} tokens, but the prompt "
        "contains {0.count} input tokens"
    ),
    RejectionReason.CONTENT_TYPE: (
        "Expected request with `Content-Type: application/json`"
    ),
    RejectionReason.MALFORMED: "Failed to parse the request body as JSON: {0.message}",
    RejectionReason.ENCODING: "Failed to parse the request body as JSON: {0.message}",
}
_OF_THE_BODY = {
    RejectionReason.CONTENT_TYPE,
    RejectionReason.MALFORMED,
    RejectionReason.ENCODING,
}


def error(problem: Rejection) -> tuple[int, Json]:
    """
    Return `{"error": {message, type, param, code}}`, whose code is a text.

    Without the right key there is a text in place of that object.
    """
    if problem.reason in _DENIED:
        return 401, {"error": "Unauthorized"}
    if problem.reason in _LACKING:
        status, said = _LACKING[problem.reason]
        return status, _body(said, _INVALID, "not_found")
    status = problem.server_status
    if problem.reason is RejectionReason.RATE:
        status = status or 429
    if status:
        kind, said = _FAILURES.get(status, (_INVALID, "The request failed."))
        return status, _body(problem.message or said, kind, kind)
    if problem.reason is RejectionReason.MODEL:
        said = f"The model `{problem.value}` does not exist."
        return 404, _body(said, _INVALID, "model_not_found", "model")
    said = _SENTENCES.get(problem.reason, "{0.message}").format(problem)
    if problem.reason is RejectionReason.SCHEMA:
        said, code = _of_the_schema(problem)
    else:
        code = _PARSING if problem.reason in _OF_THE_BODY else _INVALID
    return 400, _body(said or problem.reason.value, _INVALID, code)


def _of_the_schema(problem: Rejection) -> tuple[str, str]:
    """Return message and code for a body that does not match the request schema."""
    place = _place(problem.pointer) or "body"
    why = problem.message or f"expected {problem.expected or 'another value'}"
    if problem.keyword in BOUNDS:
        return f"{place}: Validation error: {why}", _INVALID
    return (
        f"Failed to deserialize the JSON body into the target type: {place}: {why}",
        _PARSING,
    )


def _place(pointer: str) -> str:
    """Return *pointer* as a path of the frontend, such as `messages[0].content`."""
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps(pointer)
    )
    return path.removeprefix(".")


def _body(message: str, kind: str, code: str, param: str | None = None) -> Json:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
