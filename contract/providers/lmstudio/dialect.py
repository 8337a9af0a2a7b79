"""LM Studio's `/v1/chat/completions`, which can move reasoning to a field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contract.model.chat import Json, Piece, PieceKind
from contract.model.dialect import Answer, Head, ServerFlags, Usage
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.llamacpp import dialect
from contract.providers.lmstudio.rules import RULES
from contract.providers.openai_format import response_body
from contract.providers.openai_format.pydantic_errors import pydantic_error, steps

# The owner of every model, downloaded or made elsewhere.
OWNER = "organization_owner"


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; absent reasoning and calls are left out."""
    output = tuple(pieces)
    encoded: dict[str, Json] = {
        "role": "assistant",
        "content": response_body.text(output, PieceKind.ANSWER),
    }
    if reasoning := response_body.text(output, PieceKind.REASONING):
        encoded["reasoning_content"] = reasoning
    if calls := response_body.calls(output):
        encoded["tool_calls"] = calls
    return encoded


def _event(head: Head, choices: list[Json]) -> dict[str, Json]:
    return {**response_body.event(head, choices), "system_fingerprint": head.model}


def chunk(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    _usage_of_choice: Usage | None,
) -> dict[str, Json]:
    """Return one event; only the last of a choice has a finish reason."""
    choice: Json = {
        "index": index,
        "delta": delta,
        "logprobs": None,
        "finish_reason": finish,
    }
    return _event(head, [choice])


def usage_chunk(head: Head, usage: Usage) -> dict[str, Json]:
    """Return the event after the last choice, sent when usage was requested."""
    return {**_event(head, []), "usage": response_body.counters(usage)}


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response."""
    choices: list[Json] = [
        {
            "index": index,
            "logprobs": None,
            "finish_reason": a.finish,
            "message": message(a.pieces),
        }
        for index, a in enumerate(answers)
    ]
    return {
        **response_body.whole(head, choices),
        "usage": response_body.counters(usage),
        "stats": {},
        "system_fingerprint": head.model,
    }


def models(names: tuple[str, ...], _window: int) -> dict[str, Json]:
    """Return the list, whose cards have no time and no context window."""
    return {
        "data": [{"id": name, "object": "model", "owned_by": OWNER} for name in names],
        "object": "list",
    }


_STATUSES = {
    RejectionReason.NO_KEY: 401,
    RejectionReason.WRONG_KEY: 401,
    RejectionReason.MODEL: 404,
    RejectionReason.ROUTE: 404,
    RejectionReason.METHOD: 405,
    RejectionReason.RATE: 429,
}
_SENTENCES = {
    RejectionReason.NO_KEY: "An LM Studio API token is required",
    RejectionReason.WRONG_KEY: "Malformed or unknown LM Studio API token",
    RejectionReason.ROUTE: "Unexpected endpoint or method. ({0.message})",
    RejectionReason.METHOD: "Unexpected endpoint or method. ({0.value} {0.message})",
    RejectionReason.IMAGE: "'url' field must be a base64 encoded image",
    RejectionReason.OVERFLOW: (
        "The number of tokens of the prompt ({0.count}) is greater than the context "
        "length ({0.limit})"
    ),
}


def error(problem: Rejection) -> tuple[int, Json]:
    """
    Return `{"error": text}`.

    The real server answers an unknown path with status 200 and this body; the mock has
    the status that it lacks.
    """
    reason = problem.reason
    status = problem.server_status or _STATUSES.get(reason, 400)
    said = _SENTENCES.get(reason, "").format(problem) or problem.message
    if reason is RejectionReason.SCHEMA:
        field = ".".join(str(step) for step in steps(problem.pointer))
        said = f"'{field}': {pydantic_error(problem)['msg']}"
    return status, {"error": said or reason.value}


LMSTUDIO = replace(
    dialect.LLAMACPP,
    id="lmstudio",
    title="LM Studio's OpenAI-compatible server",
    prefix="Lmstudio",
    message=message,
    completion=completion,
    chunk=chunk,
    usage_chunk=usage_chunk,
    error=error,
    models=models,
    patch_grid=None,
    call_id=r"[!-~]+",
    paths=frozenset({"/v1/models"}),
    load="",
    server_flags=ServerFlags(
        reasoning="separate reasoning_content and content in API responses, in LM "
        "Studio's developer settings",
        tool_calls="load a model with native tool use in LM Studio",
        vision="load a model with vision in LM Studio",
        window="load the model with `lms load --context-length {}`",
    ),
    rules=RULES,
)
