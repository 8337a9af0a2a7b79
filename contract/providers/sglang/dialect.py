"""SGLang's OpenAI-compatible server with `--reasoning-parser mistral`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus

from contract.model.chat import Json, Piece, PieceKind
from contract.model.dialect import Answer, Dialect, Head, ServerFlags, Usage
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.pydantic_errors import pydantic_error
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.sglang.rules import RULES
from contract.providers.vllm import dialect
from contract.tokens.patch_grid import mistral_grid

# Thinking chunks are accepted in assistant messages only; in others, the tokenizer
# encodes markers in text.
_FORMAT = MessageFormat(
    reasoning=ReasoningFormat.TAGS, history=("reasoning_content",), prefix=False
)
_FIELDS = ("reasoning_content",)
_CREATED = 1_758_153_600
# The token id of the end of the sequence, in `matched_stop`.
_END = 2


def request(probe: Probe, model: str) -> dict[str, Json]:
    """
    Return the body, with an effort: SGLang separates reasoning only where one is set.

    Without `reasoning_effort` it removes the markers before its parser sees them, and
    sends reasoning and answer as one text (sgl-project/sglang#20708).
    """
    body = request_body.body(probe, model, _FORMAT)
    if probe.reasons and probe.messages:
        body.setdefault("reasoning_effort", "high")
    return body


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode `reasoning_content` and `content`, which are separate strings."""
    return parsing.pieces(part, _FIELDS)


def parse(body: Mapping[str, Json]) -> Probe:
    """Parse a body; the model reasons only where an effort above none is requested."""
    probe = parsing.probe(body, _FORMAT)
    return replace(probe, reasons=body.get("reasoning_effort") not in {None, "none"})


def encode(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """
    Yield the role, then one delta per piece.

    `reasoning_content` is null in all others; a delta with a call has more nulls.
    """
    yield {"reasoning_content": None, "role": "assistant", "content": ""}
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            yield _fragment(piece)
        elif piece.kind is PieceKind.REASONING:
            yield {"reasoning_content": piece.text}
        else:
            yield {"reasoning_content": None, "content": piece.text}


def _fragment(piece: Piece) -> dict[str, Json]:
    """Return a part of a call; later ones have a null id and a null name."""
    call = piece.call
    entry: dict[str, Json] = {
        "id": call.id if call else None,
        "index": call.index if call else 0,
        "type": "function",
        "function": {"name": call.name if call else None, "arguments": piece.text},
    }
    nulls = dict.fromkeys(("role", "content", "reasoning_content"))
    return {**nulls, "tool_calls": [entry]}


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; absent content is empty, absent reasoning null."""
    output = tuple(pieces)
    encoded: dict[str, Json] = {
        "role": "assistant",
        "content": response_body.text(output, PieceKind.ANSWER),
        "reasoning_content": response_body.text(output, PieceKind.REASONING) or None,
    }
    calls = response_body.calls(output, numbered=True)
    return {**encoded, "tool_calls": calls} if calls else encoded


def _matched(finish: str | None, stop: str | None = None) -> Json:
    return stop or (_END if finish == "stop" else None)


def chunk(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    _usage_of_choice: Usage | None,
) -> dict[str, Json]:
    """Return one event; the last of a choice has the token that ended it."""
    choice: dict[str, Json] = {
        "index": index,
        "delta": delta or {"reasoning_content": None},
        "logprobs": None,
        "finish_reason": finish,
        "matched_stop": _matched(finish),
    }
    return response_body.event(head, [choice])


def usage_chunk(head: Head, usage: Usage) -> dict[str, Json]:
    """Return the event after the last choice, sent when usage was requested."""
    return {**response_body.event(head, []), "usage": _usage(usage)}


def _usage(usage: Usage) -> dict[str, Json]:
    """Return the counters; reasoning tokens are in two places, or null in one."""
    details: Json = {"reasoning_tokens": usage.reasoning} if usage.reasoning else None
    return {
        **response_body.counters(usage),
        "prompt_tokens_details": None,
        "reasoning_tokens": usage.reasoning,
        "completion_tokens_details": details,
    }


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response."""
    choices: list[Json] = [
        {
            "index": index,
            "message": message(a.pieces),
            "logprobs": None,
            "finish_reason": a.finish,
            "matched_stop": _matched(a.finish, a.stop),
        }
        for index, a in enumerate(answers)
    ]
    return {
        **response_body.whole(head, choices),
        "usage": _usage(usage),
        "metadata": {"weight_version": "default"},
    }


def models(names: tuple[str, ...], window: int) -> dict[str, Json]:
    """Return every served name with `max_model_len`."""
    return {
        "object": "list",
        "data": [
            {
                "id": name,
                "object": "model",
                "created": _CREATED,
                "owned_by": "sglang",
                "root": name,
                "parent": None,
                "max_model_len": window,
            }
            for name in names
        ],
    }


_DETAILS = {
    RejectionReason.ROUTE: (404, "Not Found"),
    RejectionReason.METHOD: (405, "Method Not Allowed"),
}
_SENTENCES = {
    RejectionReason.RATE: "The request queue is full.",
    RejectionReason.ENCODING: "There was an error parsing the body",
    RejectionReason.IMAGE: "An exception occurred while loading multimodal data",
    RejectionReason.OVERFLOW: (
        "The input ({0.count} tokens) is longer than the model's context length "
        "({0.limit} tokens)."
    ),
    RejectionReason.MAX_TOKENS: (
        "Requested token count exceeds the model's maximum context length of {0.limit} "
        "tokens. You requested a total of {0.count} tokens."
    ),
}
_VALIDATION = frozenset(
    {RejectionReason.SCHEMA, RejectionReason.MALFORMED, RejectionReason.CONTENT_TYPE}
)


def error(problem: Rejection) -> tuple[int, Json | str]:
    """
    Return the flat `{"object": "error", message, type, param, code}`.

    A wrong key and an unknown path have bodies of their own; a failed validation is
    400 and not 422.
    """
    reason = problem.reason
    if reason in {RejectionReason.NO_KEY, RejectionReason.WRONG_KEY}:
        return 401, {"error": "Unauthorized"}
    if reason in _DETAILS:
        status, detail = _DETAILS[reason]
        return status, {"detail": detail}
    status = problem.server_status or 400
    message, kind = problem.message, "BadRequest"
    if reason is RejectionReason.RATE:
        status = 429  # the real server answers 503 when its queue is full
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = "InternalServerError"
    elif reason in _VALIDATION:
        issue = pydantic_error(problem)
        place = issue.get("loc")
        where = place if isinstance(place, list) else []
        kind, message = "Bad Request", f"{issue['msg']} at {where}"
    message = _SENTENCES.get(reason, "").format(problem) or message
    return status, {
        "object": "error",
        "message": message or reason.value,
        "type": kind,
        "param": None,
        "code": status,
    }


SGLANG = Dialect(
    rules=RULES,
    id="sglang-0.5",
    title="SGLang with --reasoning-parser mistral",
    prefix="Sglang",
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
    patch_grid=mistral_grid,
    system=dialect.SYSTEM,
    reasoning_fields=frozenset(_FIELDS),
    # As SGLang writes them: call_ and 24 hexadecimal digits.
    call_id=r"[!-~]+",
    paths=frozenset({"/v1/models", "/health"}),
    server_flags=ServerFlags(
        reasoning="start SGLang with --reasoning-parser mistral, and send a "
        "reasoning_effort with each request",
        tool_calls="start SGLang with --tool-call-parser mistral",
        window="start SGLang with --context-length {}",
    ),
)
