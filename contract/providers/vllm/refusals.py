"""How vLLM refuses a request: by its schema, by what reads the value later, bare."""

from __future__ import annotations

import re

from contract.model.chat import Json
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.providers.openai_format.pydantic_errors import (
    BOUNDS,
    pydantic_error,
    steps,
)

_BAD = "Bad Request"  # the body does not validate
_REFUSED = "BadRequestError"  # it does, and the engine cannot serve it
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
    RejectionReason.MALFORMED: (400, _BAD),
    RejectionReason.CONTENT_TYPE: (400, _BAD),
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
    RejectionReason.IMAGE_COUNT: "At most {0.limit} image(s) may be provided in one prompt.",
    RejectionReason.CONTENT_TYPE: (
        "1 validation error:\n  "
        "Unsupported Media Type: Only 'application/json' is allowed"
    ),
}


# What its schema lets pass, and what reads the value refuses: the pointer of the
# value, the param it is called by, and what is said.
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


def _later(problem: Rejection) -> tuple[str, str | None] | None:
    """The sentence and the param of a refusal that is none of the schema's."""
    if problem.reason not in {RejectionReason.SCHEMA, RejectionReason.UNSUPPORTED}:
        return None
    if problem.keyword == "type":
        return None
    for pointer, param, words in _LATER:
        if re.fullmatch(pointer, problem.pointer):
            place = ".".join(map(str, steps(problem.pointer)))
            return words.format(problem, place, pydantic_error(problem)["msg"]), param
    return None


def error(problem: Rejection, *, modern: bool) -> tuple[int, Json]:
    """
    `{"error": {message, type, param, code}}`, or FastAPI's own `detail`.

    Only *modern* releases fill `param`.
    """
    if problem.reason in _BARE:
        status, member, words = _BARE[problem.reason]
        return status, {member: words}
    status, kind = _KINDS.get(problem.reason, (400, _REFUSED))
    param = _PARAMS.get(problem.reason)
    message = _SENTENCES.get(problem.reason, "").format(problem) or problem.message
    if later := _later(problem):
        message, param = later
    elif problem.reason is RejectionReason.MALFORMED or (
        problem.reason is RejectionReason.SCHEMA and problem.keyword not in BOUNDS
    ):
        kind = _BAD
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
        "param": param if modern else None,
        "code": status,
    }
    return status, {"error": body}
