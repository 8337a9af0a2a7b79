"""
Error bodies of vLLM.

There are three formats: errors of the request schema, errors of the code that uses a
value later, and bare ones of the web framework.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from contract.model.chat import Json
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format.pydantic_errors import (
    BOUNDS,
    pydantic_error,
    steps,
)
from contract.providers.vllm import wording

_INVALID = "Bad Request"  # the body does not match the schema
_UNSUPPORTED = "BadRequestError"  # it does, but the engine cannot serve it
_BARE = {
    RejectionReason.NO_KEY: (401, "error", "Unauthorized"),
    RejectionReason.WRONG_KEY: (401, "error", "Unauthorized"),
    RejectionReason.ROUTE: (404, "detail", "Not Found"),
    RejectionReason.METHOD: (405, "detail", "Method Not Allowed"),
    RejectionReason.ENCODING: (400, "detail", "There was an error parsing the body"),
}
_KINDS = {
    RejectionReason.MODEL: (404, "NotFoundError"),
    RejectionReason.RATE: (429, "TooManyRequestsError"),
    RejectionReason.MALFORMED: (400, _INVALID),
    RejectionReason.CONTENT_TYPE: (400, _INVALID),
}
_PARAMS = {
    RejectionReason.OVERFLOW: "input_tokens",
    RejectionReason.MAX_TOKENS: "max_tokens",
    RejectionReason.TOOL_CHOICE: "tool_choice",
    RejectionReason.IMAGE_COUNT: "image",
    RejectionReason.IMAGE_URL: "image_url",
    RejectionReason.MODEL: "model",
}
_SENTENCES = {
    RejectionReason.MODEL: "The model `{0.value}` does not exist.",
    RejectionReason.OVERFLOW: (
        "This model's maximum context length is {0.limit} tokens. However, your "
        "prompt contains {0.count} input tokens, which exceeds this limit even "
        "without any output tokens. Please reduce the length of the input prompt. "
        "(parameter=input_tokens, value={0.count})"
    ),
    RejectionReason.MAX_TOKENS: (
        "max_tokens or the prompt is too large: {0.count} tokens are more than "
        "max_model_len={0.limit}. Please request fewer output tokens."
    ),
    RejectionReason.IMAGE_COUNT: (
        "At most {0.limit} image(s) may be provided in one prompt."
    ),
    RejectionReason.CONTENT_TYPE: (
        "1 validation error:\n  "
        "Unsupported Media Type: Only 'application/json' is allowed"
    ),
}


# The type and the message of an error that is not about the request, by its status.
_FAILURES = {
    429: ("TooManyRequestsError", "Too many requests"),
    500: ("InternalServerError", "EngineCore encountered an issue."),
    503: ("ServiceUnavailableError", "The server is overloaded."),
}

# Values that the schema accepts and later code rejects: a pattern of the pointer, the
# `param` of the error, and its message.
_LATER = (
    (r"/messages/\d+/role", None, "Unknown message role: {0.value}"),
    (r"/messages/\d+/content/\d+/type", None, "{1}: {2} (type {0.value})"),
    (r"/messages/\d+/content/\d+/image_url/url", None, "Failed to load image: {2}"),
    (
        r"/tools/\d+/function/name",
        None,
        "Function name was {0.value} but must match [a-zA-Z0-9_-]{{1,64}}.",
    ),
    (
        "/tool_choice",
        "tool_choice",
        "Invalid value for `tool_choice`: {0.value}! It is none of those supported.",
    ),
    (
        "/response_format/json_schema",
        "response_format",
        "The 'json_schema' field of that response_format type must be provided.",
    ),
    ("/response_format", None, "Grammar error: {0.message}"),
    ("/n", None, "n: {2}"),
)


def _later_error(problem: Rejection) -> tuple[str, str | None] | None:
    """Return message and `param` of an error beyond the schema, or None."""
    if problem.reason not in {RejectionReason.SCHEMA, RejectionReason.UNSUPPORTED}:
        return None
    if problem.keyword == "type":
        return None
    for pointer, param, text in _LATER:
        if re.fullmatch(pointer, problem.pointer):
            path = ".".join(map(str, steps(problem.pointer)))
            return text.format(problem, path, pydantic_error(problem)["msg"]), param
    return None


def _failure(problem: Rejection) -> Json:
    """Return the body of an error that is not about the request."""
    status = problem.server_status
    kind, message = _FAILURES.get(status, ("InternalServerError", "Internal error"))
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = kind if status in _FAILURES else _UNSUPPORTED
    message = problem.message or message
    return {"error": {"message": message, "type": kind, "param": None, "code": status}}


def error(
    problem: Rejection, *, names_param: bool, pydantic: str = wording.PYDANTIC
) -> tuple[int, Json]:
    """
    Return `{"error": {message, type, param, code}}`, or FastAPI's own `detail`.

    Releases with *names_param* set `param`; *pydantic* is the version to whose pages
    the messages refer.
    """
    if problem.reason in _BARE:
        status, member, text = _BARE[problem.reason]
        return status, {member: text}
    if problem.server_status:
        return problem.server_status, _failure(problem)
    if names_param and (exact := wording.exact(problem)):
        return exact.status, {
            "error": {
                "message": exact.message.replace(
                    wording.PAGES.format(wording.PYDANTIC),
                    wording.PAGES.format(pydantic),
                )
                or problem.reason.value,
                "type": exact.type,
                "param": exact.param,
                "code": exact.status,
            }
        }
    status, kind = _KINDS.get(problem.reason, (400, _UNSUPPORTED))
    param = _PARAMS.get(problem.reason)
    message = _SENTENCES.get(problem.reason, "").format(problem) or problem.message
    if later := _later_error(problem):
        message, param = later
    elif problem.reason is RejectionReason.MALFORMED or (
        problem.reason is RejectionReason.SCHEMA and problem.keyword not in BOUNDS
    ):
        kind = _INVALID
        found = pydantic_error(problem)
        param = ".".join(["body", *map(str, steps(problem.pointer))])
        if problem.reason is RejectionReason.MALFORMED:
            param = f"body.{problem.count}"
        message = f"1 validation error:\n  { ({**found, 'loc': param})!r}"
    elif problem.reason in {RejectionReason.SCHEMA, RejectionReason.UNSUPPORTED}:
        param = str(next(iter(steps(problem.pointer)), "")) or None
        message = message or f"{param}: {pydantic_error(problem)['msg']}"
    body: dict[str, Json] = {
        "message": message or problem.reason.value,
        "type": kind,
        "param": param if names_param else None,
        "code": status,
    }
    return status, {"error": body}
