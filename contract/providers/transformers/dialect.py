"""`transformers serve` with a response template in the tokenizer configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus

from contract.model.chat import Json, Piece, PieceKind, merge_calls
from contract.model.dialect import (
    Answer,
    Dialect,
    Head,
    ServerFlags,
    StreamUsage,
    Usage,
)
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.pydantic_errors import pydantic_error, steps
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.transformers.rules import RULES
from contract.providers.vllm import dialect
from contract.tokens.patch_grid import mistral_grid

# Thinking chunks are accepted and dropped; the tokenizer encodes markers in text.
_FORMAT = MessageFormat(reasoning=ReasoningFormat.TAGS, asks_usage=False)
_FIELDS = ("reasoning_content",)
_CREATED = 1_758_153_600
# Responses name every model with its revision.
_REVISION = "@main"


def request(probe: Probe, model: str) -> dict[str, Json]:
    """Return the body, with reasoning as tagged text."""
    return request_body.body(probe, model, _FORMAT)


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode `reasoning_content` and `content`, which are separate strings."""
    return parsing.pieces(part, _FIELDS)


def parse(body: Mapping[str, Json]) -> Probe:
    """Parse a body whose tagged text holds reasoning."""
    return parsing.probe(body, _FORMAT)


def encode(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """Yield the role alone, then one delta per piece; a tool call is one delta."""
    yield {"role": "assistant"}
    for piece in merge_calls(pieces):
        if piece.kind is PieceKind.TOOL:
            yield response_body.whole_call(piece)
        elif piece.kind is PieceKind.REASONING:
            yield {"reasoning_content": piece.text}
        else:
            yield {"content": piece.text}


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; absent reasoning and calls are left out."""
    output = tuple(pieces)
    encoded: dict[str, Json] = {
        "content": response_body.text(output, PieceKind.ANSWER),
        "role": "assistant",
    }
    if calls := response_body.calls(output):
        encoded["tool_calls"] = calls
    if reasoning := response_body.text(output, PieceKind.REASONING):
        encoded["reasoning_content"] = reasoning
    return encoded


def chunk(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    usage: Usage | None,
) -> dict[str, Json]:
    """Return one event; only the last has a finish reason, and usage, unrequested."""
    choice: dict[str, Json] = {"delta": delta, "index": index}
    if finish is not None:
        choice["finish_reason"] = finish
    encoded: dict[str, Json] = {
        "id": head.id,
        "choices": [choice],
        "created": head.created,
        "model": head.model + _REVISION,
        "object": "chat.completion.chunk",
        "system_fingerprint": "",
    }
    return {**encoded, "usage": _usage(usage)} if usage else encoded


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response."""
    return {
        "id": head.id,
        "choices": [
            {"finish_reason": a.finish, "index": index, "message": message(a.pieces)}
            for index, a in enumerate(answers)
        ],
        "created": head.created,
        "model": head.model + _REVISION,
        "object": "chat.completion",
        "usage": _usage(usage),
    }


def _usage(usage: Usage) -> dict[str, Json]:
    return {
        "completion_tokens": usage.completion,
        "prompt_tokens": usage.prompt,
        "total_tokens": usage.prompt + usage.completion,
    }


def models(names: tuple[str, ...], _window: int) -> dict[str, Json]:
    """Return the models of the hub cache, which do not state the context window."""
    return {
        "object": "list",
        "data": [
            {"owned_by": "", "id": name, "object": "model", "created": _CREATED}
            for name in names
        ],
    }


def headers(head: Head, _usage: Usage | None) -> tuple[tuple[str, str], ...]:
    """Return the request id, which is also the id of the response."""
    return (("x-request-id", head.id),)


_DETAILS = {
    RejectionReason.NO_KEY: (401, "Not authenticated"),
    RejectionReason.WRONG_KEY: (401, "Invalid authentication credentials"),
    RejectionReason.ROUTE: (404, "Not Found"),
    RejectionReason.METHOD: (405, "Method Not Allowed"),
    RejectionReason.ENCODING: (400, "There was an error parsing the body"),
    RejectionReason.RATE: (429, "Too Many Requests"),
}
_BODY = frozenset(
    {RejectionReason.MALFORMED, RejectionReason.CONTENT_TYPE, RejectionReason.SCHEMA}
)


def _failure(status: int, message: str) -> Json | str:
    """Return the body of an error that is not about the request."""
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and not message:
        return "Internal Server Error"  # Starlette's, for any exception
    known = status in set(HTTPStatus)
    return {"detail": message or (HTTPStatus(status).phrase if known else "Overloaded")}


def error(problem: Rejection) -> tuple[int, Json | str]:
    """
    Return FastAPI's `detail`: a list of issues for a body, a sentence otherwise.

    The real server answers invalid values with a bare 500; this is the rejection that
    it lacks.
    """
    if status := problem.server_status:
        return status, _failure(status, problem.message)
    if problem.reason in _DETAILS:
        status, detail = _DETAILS[problem.reason]
        return status, {"detail": detail}
    if problem.keyword in {"additionalProperties", "unevaluatedProperties"}:
        place = steps(problem.pointer)
        name = str(place[-1]) if place else ""
        return 422, {"detail": f"Unexpected fields in the request: {{{name!r}}}"}
    if problem.reason in _BODY:
        return 422, {"detail": [pydantic_error(problem)]}
    if problem.reason is RejectionReason.MODEL:
        pinned, asked = problem.expected, problem.value
        return 400, {"detail": f"Server is pinned to {pinned!r}; requested {asked!r}."}
    return 400, {"detail": problem.message or problem.reason.value}


TRANSFORMERS = Dialect(
    rules=RULES,
    crashes_on_invalid_options=True,
    id="transformers",
    title="transformers serve, with a response template",
    prefix="Transformers",
    request=request,
    decode=decode,
    parse=parse,
    encode=encode,
    message=message,
    chunk=chunk,
    completion=completion,
    error=error,
    models=models,
    headers=headers,
    patch_grid=mistral_grid,
    system=dialect.SYSTEM,
    reasoning_fields=frozenset(_FIELDS),
    stream_usage=StreamUsage.LAST_CHUNK,
    done=False,
    paths=frozenset({"/v1/models", "/health"}),
    server_flags=ServerFlags(
        reasoning="give the model's tokenizer a response template",
        tool_calls="give the model's tokenizer a response template",
    ),
)
