"""LiteLLM's proxy, which moves the reasoning of any server to `reasoning_content`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contract.model.chat import Json, Piece, PieceKind
from contract.model.dialect import Answer, Head, ServerFlags, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.llamacpp import dialect
from contract.providers.openai_format import response_body

# The creation time of every model in its list (recorded with 1.108.4).
CREATED = 1_677_610_602
# The class of its Python exception, which begins each message, by status.
_CLASSES = {
    400: "BadRequestError",
    404: "NotFoundError",
    429: "RateLimitError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
}


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; the reasoning has a copy under the backend's name."""
    output = tuple(pieces)
    encoded: dict[str, Json] = {
        "content": response_body.text(output, PieceKind.ANSWER) or None,
        "role": "assistant",
    }
    if calls := response_body.calls(output):
        encoded["tool_calls"] = calls
    if reasoning := response_body.text(output, PieceKind.REASONING):
        encoded["reasoning_content"] = reasoning
        encoded["provider_specific_fields"] = {"reasoning_content": reasoning}
    return encoded


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response."""
    return {
        "id": head.id,
        "created": head.created,
        "model": head.model,
        "object": "chat.completion",
        "choices": [
            {"finish_reason": a.finish, "index": index, "message": message(a.pieces)}
            for index, a in enumerate(answers)
        ],
        "usage": _usage(usage),
    }


def chunk(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    _usage_of_choice: Usage | None,
) -> dict[str, Json]:
    """Return one event; only the last of a choice has a finish reason."""
    choice: dict[str, Json] = {"index": index, "delta": delta}
    if finish is not None:
        choice["finish_reason"] = finish
    return _event(head, [choice])


def usage_chunk(head: Head, usage: Usage) -> dict[str, Json]:
    """Return the event after the last choice, sent when usage was requested."""
    return {**_event(head, []), "usage": _usage(usage)}


def _event(head: Head, choices: list[Json]) -> dict[str, Json]:
    return {
        "id": head.id,
        "created": head.created,
        "model": head.model,
        "object": "chat.completion.chunk",
        "choices": choices,
    }


def _usage(usage: Usage) -> dict[str, Json]:
    return {
        "completion_tokens": usage.completion,
        "prompt_tokens": usage.prompt,
        "total_tokens": usage.prompt + usage.completion,
    }


def error(problem: Rejection) -> tuple[int, Json]:
    """Return `{"error": {message, type, param, code}}`, whose code is a string."""
    status, body = dialect.error(problem)
    inner = body["error"] if isinstance(body, dict) else None
    said = inner["message"] if isinstance(inner, dict) else ""
    kind = "auth_error" if status == _DENIED else "invalid_request_error"
    name = _CLASSES.get(status)
    if problem.reason is RejectionReason.OVERFLOW:
        name = "ContextWindowExceededError"
    return status, {
        "error": {
            "message": f"litellm.{name}: {said}" if name else said,
            "type": kind,
            "param": None,
            "code": str(status),
        }
    }


_DENIED = 401


def models(names: tuple[str, ...], _window: int) -> dict[str, Json]:
    """Return the list, which states no context window."""
    return {
        "data": [
            {"id": name, "object": "model", "created": CREATED, "owned_by": "openai"}
            for name in names
        ],
        "object": "list",
    }


_RULES = dialect.LLAMACPP.rules
LITELLM = replace(
    dialect.LLAMACPP,
    id="litellm",
    title="LiteLLM's proxy",
    prefix="Litellm",
    message=message,
    completion=completion,
    chunk=chunk,
    usage_chunk=usage_chunk,
    error=error,
    models=models,
    patch_grid=None,
    # It forwards the ids of the server behind it.
    call_id=r"[!-~]+",
    paths=frozenset({"/v1/models"}),
    load="",
    server_flags=ServerFlags(),
    rules=_RULES
    and replace(
        _RULES,
        any_model=False,
        key_header=None,
        body_endpoints={},
        load_endpoints={},
    ),
)
