"""vLLM's Rust frontend with its `hf` parsers, for a model with a response template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from contract.model.chat import METRICS, Call, Json, Piece, PieceKind, merge_calls
from contract.model.dialect import Answer, Dialect, Head, ServerFlags, Usage
from contract.model.probe import Probe
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.vllm import dialect
from contract.providers.vllm_rust.errors import error
from contract.providers.vllm_rust.fingerprint import OWNER
from contract.providers.vllm_rust.rules import rules

# Thinking chunks are rejected in every role; the tokenizer encodes markers in text.
_FORMAT = MessageFormat(
    reasoning=ReasoningFormat.TAGS, history=("reasoning",), prefix=False
)
_FIELDS = ("reasoning",)
_CREATED = 1_758_153_600


def request(probe: Probe, model: str) -> dict[str, Json]:
    """Return the body, with reasoning as tagged text or as `reasoning`."""
    return request_body.body(probe, model, _FORMAT)


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode `reasoning` and `content`, which are separate strings."""
    return parsing.pieces(part, _FIELDS)


def parse(body: Mapping[str, Json]) -> Probe:
    """Parse a body whose tagged text holds reasoning."""
    return parsing.probe(body, _FORMAT)


def encode(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """Yield the role, then a delta per piece; the name of a call comes alone."""
    yield {"role": "assistant"}
    for piece in merge_calls(pieces):
        if piece.kind is PieceKind.TOOL:
            yield from _call(piece)
        elif piece.kind is PieceKind.REASONING:
            yield {"reasoning": piece.text}
        else:
            yield {"content": piece.text}


def _call(piece: Piece) -> Iterator[dict[str, Json]]:
    """Yield the delta that begins the call *piece*, then that of its arguments."""
    call = piece.call or Call()
    yield {
        "tool_calls": [
            {
                "index": call.index,
                "id": call.id,
                "type": "function",
                "function": {"name": call.name},
            }
        ]
    }
    arguments: dict[str, Json] = {"arguments": piece.text}
    yield {"tool_calls": [{"index": call.index, "function": arguments}]}


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; absent reasoning is null, absent calls are left out."""
    output = tuple(pieces)
    encoded: dict[str, Json] = {
        "role": "assistant",
        "content": response_body.text(output, PieceKind.ANSWER) or None,
    }
    if calls := response_body.calls(output):
        encoded["tool_calls"] = calls
    encoded["reasoning"] = response_body.text(output, PieceKind.REASONING) or None
    return encoded


def _usage(usage: Usage) -> dict[str, Json]:
    return {
        **response_body.counters(usage),
        "prompt_tokens_details": None,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response."""
    choices: list[Json] = [
        {
            "index": index,
            "message": message(one.pieces),
            "logprobs": None,
            "finish_reason": one.finish,
            "stop_reason": None,
            "token_ids": None,
        }
        for index, one in enumerate(answers)
    ]
    return {
        **response_body.whole(head, choices),
        "usage": _usage(usage),
        "system_fingerprint": None,
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        "kv_transfer_params": None,
        "ec_transfer_params": None,
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
    return response_body.event(head, [choice])


def usage_chunk(head: Head, usage: Usage) -> dict[str, Json]:
    """Return the event after the last choice, sent when usage was requested."""
    return {**response_body.event(head, []), "usage": _usage(usage)}


def models(names: tuple[str, ...], window: int) -> dict[str, Json]:
    """Return every served name with `max_model_len`."""
    return {
        "object": "list",
        "data": [
            {
                "id": name,
                "object": "model",
                "created": _CREATED,
                "owned_by": OWNER,
                "root": names[0],
                "parent": None,
                "max_model_len": window,
            }
            for name in names
        ],
    }


VLLM_RUST = Dialect(
    id="vllm-0.32-rust",
    title="vLLM's Rust frontend with --reasoning-parser hf",
    prefix="VllmRust",
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
    paths=frozenset(
        {"/v1/models", "/health", "/version", METRICS, "/tokenize", "/detokenize"}
    ),
    load=METRICS,
    server_flags=ServerFlags(
        reasoning=(
            "start vLLM with --reasoning-parser hf --tool-call-parser hf, and give the "
            "model's tokenizer a response template"
        ),
        tool_calls=(
            "start vLLM with --reasoning-parser hf --tool-call-parser hf, and give the "
            "model's tokenizer a response template"
        ),
        window="start vLLM with --max-model-len {}",
    ),
    rules=rules(parse),
)
