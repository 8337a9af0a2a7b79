"""Mistral's hosted API: thinking chunks in `content`, usage on the last chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from contract.model.chat import (
    Json,
    Piece,
    PieceKind,
    Thinking,
    merge_calls,
    merge_pieces,
)
from contract.model.dialect import Answer, Dialect, Head, StreamUsage, Usage
from contract.model.probe import Probe
from contract.providers.mistral.models import model_named
from contract.providers.mistral.rejections import error_2025, error_2026
from contract.providers.mistral.rules import (
    MISTRAL_2025,
    MISTRAL_2026,
    MISTRAL_2026_OCTOBER,
)
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


def request_october(probe: Probe, model: str) -> dict[str, Json]:
    """
    Return the body for Large 4 and the models beside it, with an explicit effort.

    Some of them reason by default, so `none` is sent as well; a model that never
    reasons accepts no effort.
    """
    body = request_2026(probe, model)
    if not model_named(model).efforts:
        if probe.options.reasoning_effort is None:
            body.pop("reasoning_effort", None)
    elif probe.messages and not probe.reasons:
        body.setdefault("reasoning_effort", "none")
    return body


def parse_october(body: Mapping[str, Json]) -> Probe:
    """Parse a body; without an effort, it depends on the model whether it reasons."""
    probe = parsing.probe(body, _FORMAT)
    effort = probe.options.reasoning_effort
    model = model_named(probe.model)
    thinks = model.thinks if effort is None else effort != "none"
    return replace(probe, reasons=thinks and bool(model.efforts))


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


def encode_october(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """
    Yield deltas in each form that the API and its clients know.

    The first text after reasoning shares a delta with the end of the reasoning. Where
    the reasoning resumes, its next end is marked by an empty thinking chunk, as in
    `encode_2026`.
    """
    yield {"role": "assistant", "content": ""}
    held: Piece | None = None  # reasoning that may share a delta with text
    shared = False
    for piece in merge_calls(pieces):
        if held is not None and not shared and piece.kind is PieceKind.ANSWER:
            shared = True
            answer: Json = {"type": "text", "text": piece.text}
            yield {"content": [_streamed_thinking(held.text), answer]}
            held = None
            continue
        if held is not None:
            yield {"content": [_streamed_thinking(held.text)]}
            if piece.kind is PieceKind.ANSWER:
                yield {"content": [{"type": "thinking", "thinking": []}]}
            held = None
        if piece.kind is PieceKind.REASONING:
            held = piece
        elif piece.kind is PieceKind.TOOL:
            yield response_body.whole_call(piece)
        else:
            yield {"content": piece.text}
    if held is not None:
        yield {"content": [_streamed_thinking(held.text)]}


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


def message_october(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a message whose chunks are in the order in which they were generated."""
    output = merge_pieces(pieces)
    chunks: list[Json] = []
    for piece in output:
        if piece.kind is PieceKind.REASONING:
            chunks.append(_closed_thinking(piece.text))
        elif piece.kind is PieceKind.ANSWER:
            chunks.append({"type": "text", "text": piece.text})
    plain = not any(piece.kind is PieceKind.REASONING for piece in output)
    calls = response_body.calls(output, numbered=True)
    return {
        "role": "assistant",
        "tool_calls": calls or None,
        "content": response_body.text(output, PieceKind.ANSWER) if plain else chunks,
    }


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


def _usage_october(usage: Usage) -> dict[str, Json]:
    details: dict[str, Json] = {"reasoning_tokens": usage.reasoning}
    return {**_usage_2026(usage), "completion_tokens_details": details}


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


def usage_chunk(head: Head, usage: Usage) -> dict[str, Json]:
    """Return the event with the usage: it has no choices, and comes unrequested."""
    return {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "choices": [],
        "usage": _usage_october(usage),
    }


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


def completion_october(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response; the usage has the reasoning tokens as well."""
    messages = [(message_october(a.pieces), a.finish) for a in answers]
    return _completion(head, messages, _usage_october(usage))


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


def models_october(names: tuple[str, ...], window: int) -> dict[str, Json]:
    """Return a card for each name, with the limits of its model within *window*."""
    return {"object": "list", "data": [_own_card(n, names, window) for n in names]}


def _own_card(name: str, names: tuple[str, ...], window: int) -> dict[str, Json]:
    model = model_named(name)
    known = [n for n in names if n in model.names]
    if name not in model.names:  # a name that only this mock has
        return _card(name, (name,), window)
    card = _card(name, tuple(known), min(window, model.context_window or window))
    capabilities = card["capabilities"]
    if isinstance(capabilities, dict):
        capabilities["reasoning"] = bool(model.efforts)
    return {**card, "name": model.id, "description": model.id}


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


MISTRAL_2026_10 = replace(
    MISTRAL_2026_08,
    id="mistral-2026-10",
    title="Mistral's hosted API with Large 4, as of October 2026",
    prefix="Mistral202610",
    request=request_october,
    parse=parse_october,
    encode=encode_october,
    message=message_october,
    completion=completion_october,
    usage_chunk=usage_chunk,
    models=models_october,
    stream_usage=StreamUsage.EITHER,
    rules=MISTRAL_2026_OCTOBER,
)
