"""Ollama's `/v1/chat/completions`, which moves reasoning to `reasoning`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from contract.model.chat import Json, Piece, PieceKind, merge_calls
from contract.model.dialect import Answer, Dialect, Head, ServerFlags, Usage
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.ollama.rules import RULES
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.pydantic_errors import pydantic_error, steps
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.vllm import dialect

# Thinking chunks are rejected in every role; the reasoning of earlier turns is a member
# of the message.
_FORMAT = MessageFormat(reasoning=ReasoningFormat.TAGS, history=("reasoning",))
_FIELDS = ("reasoning",)
_FINGERPRINT = "fp_ollama"
_CREATED = 1_758_153_600
# Members of every delta, empty or not.
_ALWAYS: dict[str, Json] = {"role": "assistant", "content": ""}


def request(probe: Probe, model: str) -> dict[str, Json]:
    """
    Return the body; a model that reasons does so unless the effort is none.

    No other effort is sent: some releases reject the efforts low, medium and high
    for all models but gpt-oss.
    """
    body = request_body.body(probe, model, _FORMAT)
    if not probe.reasons and probe.messages:
        body.setdefault("reasoning_effort", "none")
    return body


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode `reasoning` and `content`, which are separate strings."""
    return parsing.pieces(part, _FIELDS)


def parse(body: Mapping[str, Json]) -> Probe:
    """Parse a body; the model reasons unless the effort is none."""
    probe = parsing.probe(body, _FORMAT)
    return replace(probe, reasons=probe.options.reasoning_effort != "none")


def encode(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """Yield a delta per piece, each with role and content; a call is one delta."""
    yield _ALWAYS
    for piece in merge_calls(pieces):
        if piece.kind is PieceKind.TOOL:
            yield {**_ALWAYS, **response_body.whole_call(piece)}
        elif piece.kind is PieceKind.REASONING:
            yield {**_ALWAYS, "reasoning": piece.text}
        else:
            yield {**_ALWAYS, "content": piece.text}


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; absent content is empty, absent reasoning left out."""
    output = tuple(pieces)
    encoded: dict[str, Json] = {
        "role": "assistant",
        "content": response_body.text(output, PieceKind.ANSWER),
    }
    if reasoning := response_body.text(output, PieceKind.REASONING):
        encoded["reasoning"] = reasoning
    if calls := response_body.calls(output, numbered=True):
        encoded["tool_calls"] = calls
    return encoded


def _event(head: Head, choices: list[Json]) -> dict[str, Json]:
    event = response_body.event(head, choices)
    return {**event, "system_fingerprint": _FINGERPRINT}


def chunk(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    _usage_of_choice: Usage | None,
) -> dict[str, Json]:
    """Return one event; the last of a choice has a delta without text."""
    choice: Json = {
        "index": index,
        "delta": delta or _ALWAYS,
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
        {"index": index, "message": message(a.pieces), "finish_reason": a.finish}
        for index, a in enumerate(answers)
    ]
    return {
        **response_body.whole(head, choices),
        "system_fingerprint": _FINGERPRINT,
        "usage": response_body.counters(usage),
    }


def models(names: tuple[str, ...], _window: int) -> dict[str, Json]:
    """Return the list; the owner of a model is the namespace of its name."""
    return {
        "object": "list",
        "data": [
            {
                "id": name,
                "object": "model",
                "created": _CREATED,
                "owned_by": "library",
            }
            for name in names
        ],
    }


_KINDS = {400: "invalid_request_error", 404: "not_found_error"}
_STATUSES = {
    RejectionReason.NO_KEY: 401,
    RejectionReason.WRONG_KEY: 401,
    RejectionReason.MODEL: 404,
    RejectionReason.ROUTE: 404,
    RejectionReason.METHOD: 405,
    RejectionReason.RATE: 429,  # the real server answers 503 when its queue is full
}
_SENTENCES = {
    RejectionReason.NO_KEY: "unauthorized",
    RejectionReason.WRONG_KEY: "unauthorized",
    RejectionReason.MODEL: "model '{0.value}' not found",
    RejectionReason.ROUTE: "404 page not found",
    RejectionReason.METHOD: "405 method not allowed",
    RejectionReason.RATE: "server busy, please try again.",
    RejectionReason.IMAGE: "invalid image input",
    RejectionReason.IMAGE_URL: (
        "image URLs are not currently supported, please use base64 encoded data instead"
    ),
    RejectionReason.OVERFLOW: (
        "the input length exceeds the context length of {0.limit} tokens"
    ),
}


def error(problem: Rejection) -> tuple[int, Json]:
    """
    Return `{"error": {message, type, param, code}}`; param and code are null.

    The real server answers an unknown path with a text, and 200 to some invalid
    values; these are the rejections that it lacks.
    """
    reason = problem.reason
    status = problem.server_status or _STATUSES.get(reason, 400)
    said = _SENTENCES.get(reason, "").format(problem) or problem.message
    if reason is RejectionReason.SCHEMA:
        field = ".".join(str(step) for step in steps(problem.pointer))
        said = f"{field}: {pydantic_error(problem)['msg']}"
    return status, {
        "error": {
            "message": said or reason.value,
            "type": _KINDS.get(status, "api_error"),
            "param": None,
            "code": None,
        }
    }


OLLAMA = Dialect(
    rules=RULES,
    id="ollama",
    title="Ollama's OpenAI-compatible API",
    prefix="Ollama",
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
    system=dialect.SYSTEM,
    reasoning_fields=frozenset(_FIELDS),
    call_id=r"[!-~]+",
    paths=frozenset({"/v1/models"}),
    server_flags=ServerFlags(
        reasoning="run a model that `ollama show` lists with the capability thinking",
        tool_calls="run a model that `ollama show` lists with the capability tools",
        vision="run a model that `ollama show` lists with the capability vision",
        window="start Ollama with OLLAMA_CONTEXT_LENGTH={}",
    ),
)
