"""Mistral's hosted API: thinking chunks in `content`, usage on the last chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from contract.model.chat import Json, Piece, PieceKind, Thinking, merge_calls
from contract.model.dialect import Answer, Dialect, Head, StreamUsage, Usage
from contract.model.probe import Probe
from contract.providers.mistral.rejections import error_2025, error_2026
from contract.providers.mistral.rules import MISTRAL_2025, MISTRAL_2026
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.tokens.patch_grid import mistral_grid

_FORMAT = MessageFormat(
    reasoning=ReasoningFormat.LIST, seed="random_seed", forced="any", asks_usage=False
)


# Rate limits of the gateway; the real ones depend on the plan.
_REQUESTS_A_MINUTE = 360


_TOKENS_A_MINUTE = 2_000_000


_CREATED = 1_758_153_600  # 2025-09-18, the release of Magistral 1.2


_PADDING = "abcdefghijklmnopqrstuvwxyz0123456789"


def request_2025(probe: Probe, model: str) -> dict[str, Json]:
    """Return the body for Magistral 1.2; `prompt_mode: null` disables reasoning."""
    body = request_body.body(probe, model, _FORMAT)
    if not probe.reasons and probe.messages:
        body.setdefault("prompt_mode", None)
    return body


def request_2026(probe: Probe, model: str) -> dict[str, Json]:
    """
    Return the body for the successors of Magistral; `reasoning_effort` is the switch.

    Tekken v15 rejects thinking chunks in system messages, so they are left out.
    """
    messages = tuple(
        replace(message, content=without)
        if message.role == "system"
        and (without := tuple(p for p in message.parts if not isinstance(p, Thinking)))
        != message.parts
        else message
        for message in probe.messages
    )
    body = request_body.body(replace(probe, messages=messages), model, _FORMAT)
    if probe.reasons and probe.messages:
        body.setdefault("reasoning_effort", "high")
    return body


def parse_2025(body: Mapping[str, Json]) -> Probe:
    """Parse a body; the model reasons unless `prompt_mode` is an explicit null."""
    probe = parsing.probe(body, _FORMAT)
    return replace(probe, reasons=body.get("prompt_mode", "reasoning") is not None)


def parse_2026(body: Mapping[str, Json]) -> Probe:
    """Parse a body; the model reasons only when an effort above none is requested."""
    probe = parsing.probe(body, _FORMAT)
    return replace(probe, reasons=probe.options.reasoning_effort not in {None, "none"})


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode content that is text, or a list of thinking and text chunks."""
    return parsing.pieces(part, ())


def _thinking(text: str) -> dict[str, Json]:
    chunks: list[Json] = [{"type": "text", "text": text}]
    return {"type": "thinking", "thinking": chunks}


def _closed_thinking(text: str) -> dict[str, Json]:
    return {**_thinking(text), "closed": True}


def _streamed_thinking(text: str) -> dict[str, Json]:
    """Return a chunk with `closed: true` if it has several tokens, as recorded."""
    return _closed_thinking(text) if len(text.split()) > 1 else _thinking(text)


def _deltas(
    pieces: Iterable[Piece], thinking: Callable[[str], dict[str, Json]]
) -> Iterator[dict[str, Json]]:
    yield {"role": "assistant", "content": ""}
    inside = False
    for piece in merge_calls(pieces):
        if inside and piece.kind is PieceKind.ANSWER:
            yield {"content": [{"type": "thinking", "thinking": []}]}
        inside = piece.kind is PieceKind.REASONING
        if piece.kind is PieceKind.TOOL:
            yield response_body.whole_call(piece)
        elif inside:
            yield {"content": [thinking(piece.text)]}
        else:
            yield {"content": piece.text}


def encode_2025(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """
    Yield the role, then one delta per piece.

    An empty thinking chunk precedes the answer. A tool call is one whole delta.
    """
    return _deltas(pieces, _thinking)


def encode_2026(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """Yield the deltas of 2025, with `closed: true` in some thinking chunks."""
    return _deltas(pieces, _streamed_thinking)


def _message(
    pieces: Iterable[Piece], thinking: Callable[[str], dict[str, Json]]
) -> dict[str, Json]:
    output = tuple(pieces)
    reasoning = response_body.text(output, PieceKind.REASONING)
    answer = response_body.text(output, PieceKind.ANSWER)
    content: Json = answer
    if reasoning:
        rest: list[Json] = [{"type": "text", "text": answer}] if answer else []
        content = [thinking(reasoning), *rest]
    calls = response_body.calls(output, numbered=True)
    return {"role": "assistant", "tool_calls": calls or None, "content": content}


def message_2025(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a message whose content is text, or a list of chunks with reasoning."""
    return _message(pieces, _thinking)


def message_2026(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return the message of 2025 with `closed: true`, even in cut reasoning."""
    return _message(pieces, _closed_thinking)


def _usage_2025(usage: Usage) -> dict[str, Json]:
    return {
        "prompt_tokens": usage.prompt,
        "total_tokens": usage.prompt + usage.completion,
        "completion_tokens": usage.completion,
    }


def _usage_2026(usage: Usage) -> dict[str, Json]:
    return {
        **_usage_2025(usage),
        "prompt_tokens_details": {"cached_tokens": 0},
        "service_tier": "standard",
    }


def _chunk(
    head: Head, index: int, delta: dict[str, Json], finish: str | None
) -> dict[str, Json]:
    if finish is not None and not delta:
        delta = {"content": ""}
    return {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}],
    }


def chunk_2025(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    usage: Usage | None,
) -> dict[str, Json]:
    """Return one event; the usage is on that with the finish reason, unrequested."""
    chunk = _chunk(head, index, delta, finish)
    return {**chunk, "usage": _usage_2025(usage)} if usage else chunk


def chunk_2026(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    usage: Usage | None,
) -> dict[str, Json]:
    """Return the event of 2025, with the padding `p` on every one after the first."""
    chunk = _chunk(head, index, delta, finish)
    if "role" not in delta:
        seed = f"{head.id} {index} {delta}".encode()
        length = 1 + hashlib.sha256(seed).digest()[0] % len(_PADDING)
        chunk["p"] = _PADDING[:length]
    return {**chunk, "usage": _usage_2026(usage)} if usage else chunk


def _completion(
    head: Head, answers: Iterable[tuple[dict[str, Json], str]], usage: dict[str, Json]
) -> dict[str, Json]:
    return {
        "id": head.id,
        "created": head.created,
        "model": head.model,
        "usage": usage,
        "object": "chat.completion",
        "choices": [
            {"index": index, "finish_reason": finish, "message": message}
            for index, (message, finish) in enumerate(answers)
        ],
    }


def completion_2025(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response with the three counters of 2025."""
    messages = [(message_2025(a.pieces), a.finish) for a in answers]
    return _completion(head, messages, _usage_2025(usage))


def completion_2026(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response; the usage has cached tokens and the service tier."""
    messages = [(message_2026(a.pieces), a.finish) for a in answers]
    return _completion(head, messages, _usage_2026(usage))


def models(names: tuple[str, ...], window: int) -> dict[str, Json]:
    """Return one card per name; the first name is canonical, the others are aliases."""
    return {"object": "list", "data": [_card(n, names, window) for n in names]}


def _card(name: str, names: tuple[str, ...], window: int) -> dict[str, Json]:
    return {
        "id": name,
        "object": "model",
        "created": _CREATED,
        "owned_by": "mistralai",
        "capabilities": {
            "completion_chat": True,
            "completion_fim": False,
            "function_calling": True,
            "fine_tuning": False,
            "vision": True,
            "ocr": False,
            "classification": False,
            "moderation": False,
            "audio": False,
            "reasoning": True,
        },
        "name": names[0],
        "description": "A reasoning model with vision.",
        "max_context_length": window,
        "aliases": [other for other in names if other != name],
        "deprecation": None,
        "deprecation_replacement_model": None,
        "default_model_temperature": 0.7,
        "type": "base",
    }


def headers(head: Head, usage: Usage | None) -> tuple[tuple[str, str], ...]:
    """Return the correlation id, and with *usage* the rate limits and the cost."""
    digest = hashlib.sha256(head.id.encode()).hexdigest()
    words = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    found = [("mistral-correlation-id", "-".join(words))]
    if usage is not None:
        cost = usage.prompt + usage.completion
        left = max(0, _TOKENS_A_MINUTE - cost)
        found += [
            ("x-ratelimit-limit-req-minute", str(_REQUESTS_A_MINUTE)),
            ("x-ratelimit-remaining-req-minute", str(_REQUESTS_A_MINUTE - 1)),
            ("x-ratelimit-limit-tokens-minute", str(_TOKENS_A_MINUTE)),
            ("x-ratelimit-remaining-tokens-minute", str(left)),
            ("x-ratelimit-tokens-query-cost", str(cost)),
        ]
    return tuple(found)


MISTRAL_2025_10 = Dialect(
    id="mistral-2025-10",
    title="Mistral's hosted API with Magistral 1.2, as of October 2025",
    prefix="Mistral202510",
    request=request_2025,
    decode=decode,
    parse=parse_2025,
    encode=encode_2025,
    message=message_2025,
    chunk=chunk_2025,
    completion=completion_2025,
    error=error_2025,
    models=models,
    patch_grid=mistral_grid,
    headers=headers,
    stream_usage=StreamUsage.LAST_CHUNK,
    call_id=r"[A-Za-z0-9]{9}",
    paths=frozenset({"/v1/models", "/v1/models/{model}"}),
    rules=MISTRAL_2025,
)


MISTRAL_2026_08 = replace(
    MISTRAL_2025_10,
    id="mistral-2026-08",
    title="Mistral's hosted API with the successors of Magistral, as of August 2026",
    prefix="Mistral202608",
    request=request_2026,
    parse=parse_2026,
    encode=encode_2026,
    message=message_2026,
    chunk=chunk_2026,
    completion=completion_2026,
    error=error_2026,
    rules=MISTRAL_2026,
)
