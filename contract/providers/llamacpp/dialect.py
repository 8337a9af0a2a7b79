"""llama.cpp's server, which moves Magistral's reasoning to `reasoning_content`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus

from contract.model.chat import SLOTS, Json, Piece, PieceKind
from contract.model.dialect import Answer, Dialect, Head, ServerFlags, Usage
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.llamacpp.rules import RULES
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.pydantic_errors import pydantic_error, steps
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.vllm import dialect
from contract.tokens.patch_grid import llamacpp_grid

# Thinking chunks are rejected in every role; the tokenizer encodes markers instead.
_FORMAT = MessageFormat(reasoning=ReasoningFormat.TAGS, history=("reasoning_content",))
_FIELDS = ("reasoning_content",)
_FINGERPRINT = "b11434-unknown"
_CREATED = 1_758_153_600
# Constant speed of the mock: milliseconds per prompt token and per generated token.
_PROMPT_MS = 0.15
_PREDICTED_MS = 0.45


def request(probe: Probe, model: str) -> dict[str, Json]:
    """Return the body, with reasoning as tagged text or as `reasoning_content`."""
    return request_body.body(probe, model, _FORMAT)


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode `reasoning_content` and `content`, which are separate strings."""
    return parsing.pieces(part, _FIELDS)


def parse(body: Mapping[str, Json]) -> Probe:
    """Parse a body whose tagged text holds reasoning."""
    return parsing.probe(body, _FORMAT)


def encode(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """Return the role with null content, then one delta per piece."""
    role: dict[str, Json] = {"role": "assistant", "content": None}
    return response_body.deltas(pieces, role, "reasoning_content")


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


def _chunk(head: Head, choices: list[Json]) -> dict[str, Json]:
    return {
        "choices": choices,
        "created": head.created,
        "id": head.id,
        "model": head.model,
        "system_fingerprint": _FINGERPRINT,
        "object": "chat.completion.chunk",
    }


def chunk(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    usage: Usage | None,
) -> dict[str, Json]:
    """Return one event; with *usage*, the last of a choice carries timings."""
    encoded = _chunk(head, [{"finish_reason": finish, "index": index, "delta": delta}])
    return {**encoded, "timings": _timings(usage)} if usage else encoded


def usage_chunk(head: Head, usage: Usage) -> dict[str, Json]:
    """Return the event after the last choice, sent when usage was requested."""
    encoded = _chunk(head, [])
    return {**encoded, "usage": _usage(usage), "timings": _timings(usage)}


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response with the timings of the engine."""
    return {
        "choices": [
            {"finish_reason": a.finish, "index": index, "message": message(a.pieces)}
            for index, a in enumerate(answers)
        ],
        "created": head.created,
        "model": head.model,
        "system_fingerprint": _FINGERPRINT,
        "object": "chat.completion",
        "usage": _usage(usage),
        "id": head.id,
        "timings": _timings(usage),
    }


def _usage(usage: Usage) -> dict[str, Json]:
    return {
        "completion_tokens": usage.completion,
        "prompt_tokens": usage.prompt,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def _timings(usage: Usage) -> dict[str, Json]:
    return {
        "cache_n": 0,
        "prompt_n": usage.prompt,
        "prompt_ms": round(usage.prompt * _PROMPT_MS, 3),
        "prompt_per_token_ms": _PROMPT_MS,
        "prompt_per_second": 1_000 / _PROMPT_MS,
        "predicted_n": usage.completion,
        "predicted_ms": round(usage.completion * _PREDICTED_MS, 3),
        "predicted_per_token_ms": _PREDICTED_MS,
        "predicted_per_second": 1_000 / _PREDICTED_MS,
    }


def models(names: tuple[str, ...], window: int) -> dict[str, Json]:
    """Return two lists: Ollama's `models`, and OpenAI's `data` with `meta.n_ctx`."""
    return {
        "models": [_ollama_card(name) for name in names],
        "object": "list",
        "data": [_card(name, names, window) for name in names],
    }


def _ollama_card(name: str) -> Json:
    return {
        "name": name,
        "model": name,
        "modified_at": "",
        "size": "",
        "digest": "",
        "type": "model",
        "description": "",
        "tags": [""],
        "capabilities": ["completion", "multimodal"],
        "parameters": "",
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "",
            "families": [""],
            "parameter_size": "",
            "quantization_level": "",
        },
    }


def _card(name: str, names: tuple[str, ...], window: int) -> Json:
    return {
        "id": name,
        "aliases": list(names),
        "tags": [],
        "object": "model",
        "architecture": {
            "input_modalities": ["text", "image"],
            "output_modalities": ["text"],
        },
        "created": _CREATED,
        "owned_by": "llamacpp",
        "meta": {
            "vocab_type": 2,
            "n_vocab": 131_072,
            "n_ctx": window,
            "n_ctx_train": window,
            "n_embd": 5_120,
            "n_params": 23_572_403_200,
            "size": 14_333_910_528,
            "ftype": "Q4_K - Medium",
        },
    }


_KINDS = {
    RejectionReason.NO_KEY: (401, "authentication_error"),
    RejectionReason.WRONG_KEY: (401, "authentication_error"),
    RejectionReason.ROUTE: (404, "not_found_error"),
    RejectionReason.METHOD: (404, "not_found_error"),
    RejectionReason.RATE: (429, "rate_limit_error"),
    RejectionReason.OVERFLOW: (400, "exceed_context_size_error"),
}
_PARSE_ERROR = (
    "[json.exception.parse_error.101] parse error at line 1, column {0.count}: "
    "syntax error while parsing value - "
)
_SENTENCES = {
    RejectionReason.NO_KEY: "Invalid API Key",
    RejectionReason.WRONG_KEY: "Invalid API Key",
    RejectionReason.ROUTE: "File Not Found",
    RejectionReason.METHOD: "File Not Found",
    RejectionReason.RATE: "Too many requests",
    RejectionReason.OVERFLOW: (
        "request ({0.count} tokens) exceeds the available context size "
        "({0.limit} tokens), try increasing it"
    ),
    RejectionReason.MALFORMED: _PARSE_ERROR + "{0.message}",
    RejectionReason.ENCODING: _PARSE_ERROR + "invalid string: ill-formed UTF-8 byte",
    RejectionReason.MODEL: "model '{0.value}' not found",
    RejectionReason.IMAGE: "Failed to load image or audio file",
}


# The type and the message of an error that is not about the request, by its status.
_FAILURES = {
    429: ("rate_limit_error", "Too many requests"),
    500: ("server_error", "Internal error"),
    503: ("unavailable_error", "Loading model"),
}


def error(problem: Rejection) -> tuple[int, Json]:
    """Return `{"error": {code, message, type}}`; an overflow adds its two numbers."""
    reason = problem.reason
    if status := problem.server_status:
        kind, message = _FAILURES.get(status, ("server_error", "Internal error"))
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _FAILURES:
            kind = "invalid_request_error"
        message = problem.message or message
        return status, {"error": {"code": status, "message": message, "type": kind}}
    status, kind = _KINDS.get(reason, (400, "invalid_request_error"))
    message = _SENTENCES.get(reason, "").format(problem) or problem.message
    if reason is RejectionReason.SCHEMA:
        field = ".".join(str(step) for step in steps(problem.pointer))
        message = f"Field '{field}': {pydantic_error(problem)['msg']}"
        if problem.keyword == "required":
            message = f"'{field}' is required"
    body: dict[str, Json] = {
        "code": status,
        "message": message or reason.value,
        "type": kind,
    }
    if reason is RejectionReason.OVERFLOW:
        body |= {"n_prompt_tokens": problem.count, "n_ctx": problem.limit}
    return status, {"error": body}


LLAMACPP = Dialect(
    rules=RULES,
    id="llamacpp",
    title="llama.cpp's server",
    prefix="Llamacpp",
    request=request,
    decode=decode,
    parse=parse,
    encode=encode,
    message=message,
    chunk=chunk,
    usage_chunk=usage_chunk,
    completion=completion,
    error=error,
    models=models,
    patch_grid=llamacpp_grid,
    system=dialect.SYSTEM,
    reasoning_fields=frozenset(_FIELDS),
    call_id=r"[A-Za-z0-9]{32}",
    paths=frozenset({"/v1/models", "/health", SLOTS, "/tokenize", "/detokenize"}),
    load=SLOTS,
    server_flags=ServerFlags(
        reasoning="start llama-server with --jinja and without --reasoning-format none",
        tool_calls="start llama-server with --jinja",
        vision="start llama-server with --mmproj FILE (llamacpp:FILE.gguf?mmproj=FILE)",
        window="start llama-server with --ctx-size {}, times the slots of --parallel",
    ),
)
