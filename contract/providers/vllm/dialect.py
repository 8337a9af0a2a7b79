"""vLLM's OpenAI-compatible server with the reasoning parser for Mistral models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from contract.model.chat import (
    METRICS,
    Json,
    Message,
    Piece,
    PieceKind,
    Probe,
    Text,
    Thinking,
)
from contract.model.dialect import (
    Answer,
    Dialect,
    Head,
    ServerFlags,
    Usage,
)
from contract.providers.openai_format import (
    parsing,
    request_body,
    response_body,
)
from contract.providers.openai_format.request_body import (
    MessageFormat,
    ThoughtFormat,
)
from contract.providers.vllm.refusals import error
from contract.providers.vllm.rules import rules
from contract.tokens.patch_grid import mistral_grid

# Weights served without a default system prompt often do not think unless told to
# (vllm-project/vllm#30139): instructions, a thought, the answer.
SYSTEM = Message(
    "system",
    (
        Text("First draft your thinking process, then answer. Use this template:"),
        Thinking("Your thoughts, as long as needed."),
        Text("Here, a self-contained answer."),
    ),
)
SWITCHES = ServerFlags(
    thought="start vLLM with --reasoning-parser mistral",
    # Recorded with 0.32.0: without a tool parser, streams keep the markers.
    streams="add --enable-auto-tool-choice --tool-call-parser mistral",
    call="start vLLM with --enable-auto-tool-choice --tool-call-parser mistral",
    window="start vLLM with --max-model-len {}",
    images="start vLLM with --limit-mm-per-prompt '{{\"image\": {}}}'",
    usage="start vLLM without --enable-force-include-usage",
    # Found by running 0.12.0, 0.15.1 and 0.16.0 (vllm-project/vllm#30139).
    release="vLLM 0.12 to 0.16 drops the markers of whole answers; take a later one",
)
PATHS = frozenset(
    {"/v1/models", "/health", "/version", METRICS, "/tokenize", "/detokenize"}
)
_CREATED = 1_758_153_600
_FINGERPRINT = "vllm-0.32.0-14b2c9cc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    What changed between releases.

    `fields` carry the reasoning. `modern` stands for
    what was recorded of 0.32.0 and not yet of 0.16.0: reasoning tokens in usage, a
    fingerprint, `param` in errors, no empty `tool_calls`. The dialect of 0.16 speaks as
    0.32.0 does; its schema allows both.
    """

    fields: tuple[str, ...]
    spelling: MessageFormat
    modern: bool = False


def request(version: Version, probe: Probe, model: str) -> dict[str, Json]:
    """The body as vLLM takes it."""
    return request_body.body(probe, model, version.spelling)


def decode(version: Version, part: Json) -> tuple[Piece, ...]:
    """Reasoning and content are strings of their own."""
    return parsing.pieces(part, version.fields)


def parse(version: Version, body: Mapping[str, Json]) -> Probe:
    """A body as vLLM reads it."""
    return parsing.probe(body, version.spelling)


def encode(version: Version, pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """
    The role, then a delta a piece; tool arguments come in fragments.

    Where the thought has a copy, it is null in what is no thought.
    """
    copy: dict[str, Json] = dict.fromkeys(version.fields[1:])
    yield {"role": "assistant", "content": "", **copy}
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            yield response_body.fragment(piece)
        elif piece.kind is PieceKind.REASONING:
            yield dict.fromkeys(version.fields, piece.text)
        else:
            yield {"content": piece.text, **copy}


def message(version: Version, pieces: Iterable[Piece]) -> dict[str, Json]:
    """A whole message; what was not said is null."""
    said = tuple(pieces)
    reasoning = response_body.text(said, PieceKind.REASONING) or None
    return {
        **bare(
            response_body.text(said, PieceKind.ANSWER) or None,
            said,
            modern=version.modern,
        ),
        **dict.fromkeys(version.fields, reasoning),
    }


def bare(
    content: str | None, pieces: tuple[Piece, ...], *, modern: bool
) -> dict[str, Json]:
    """A message without its reasoning, with all the nulls of the original."""
    spelled: dict[str, Json] = {
        "role": "assistant",
        "content": content,
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
    }
    calls = response_body.calls(pieces)
    return {**spelled, "tool_calls": calls} if calls or not modern else spelled


def usage_object(usage: Usage, *, modern: bool) -> dict[str, Json]:
    """The counters in vLLM's order; reasoning tokens since they are counted."""
    counters: dict[str, Json] = {
        "prompt_tokens": usage.prompt,
        "total_tokens": usage.prompt + usage.completion,
        "completion_tokens": usage.completion,
    }
    if modern:
        counters["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return counters


def _chunk_head(head: Head) -> dict[str, Json]:
    return {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
    }


def chunk(  # noqa: PLR0913, PLR0917  # the shape of Dialect.chunk, and the version
    version: Version,
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    usage: Usage | None,
) -> dict[str, Json]:
    """One event; the first of a choice and the last carry more nulls."""
    choice: dict[str, Json] = {
        "index": index,
        "delta": delta,
        "logprobs": None,
        "finish_reason": finish,
    }
    spelled: dict[str, Json] = {**_chunk_head(head), "choices": [choice]}
    if "role" in delta:
        spelled["prompt_token_ids"] = None
        if version.modern:
            spelled["prompt_text"] = None
    else:
        if finish is not None:
            choice["stop_reason"] = None
        choice["token_ids"] = None
    if finish is not None and version.modern:
        spelled["system_fingerprint"] = _FINGERPRINT
    if usage is not None:
        spelled["usage"] = usage_object(usage, modern=version.modern)
    return spelled


def usage_chunk(version: Version, head: Head, usage: Usage) -> dict[str, Json]:
    """The event after the last choice, when the request asked for usage."""
    counters = usage_object(usage, modern=version.modern)
    spelled = {**_chunk_head(head), "choices": [], "usage": counters}
    return (
        {**spelled, "system_fingerprint": _FINGERPRINT} if version.modern else spelled
    )


def completion(
    version: Version, head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """A whole response with the fields vLLM always adds."""
    messages = [(message(version, a.pieces), a.finish) for a in answers]
    return envelope(head, messages, usage, modern=version.modern)


def envelope(
    head: Head,
    messages: Iterable[tuple[dict[str, Json], str]],
    usage: Usage,
    *,
    modern: bool,
) -> dict[str, Json]:
    """What surrounds the messages of a whole response."""
    newer: dict[str, Json] = {"routed_experts": None} if modern else {}
    counters = usage_object(usage, modern=modern)
    counters["prompt_tokens_details"] = None
    spelled: dict[str, Json] = {
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": [
            {
                "index": index,
                "message": said,
                "logprobs": None,
                "finish_reason": finish,
                "stop_reason": None,
                "token_ids": None,
                **newer,
            }
            for index, (said, finish) in enumerate(messages)
        ],
        "service_tier": None,
        "system_fingerprint": _FINGERPRINT if modern else None,
        "usage": counters,
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        "kv_transfer_params": None,
    }
    if modern:
        more = ("prompt_text", "ec_transfer_params", "metrics")
        spelled.update(dict.fromkeys(more))
    return spelled


def models(names: tuple[str, ...], window: int) -> dict[str, Json]:
    """Every served name with `max_model_len`."""
    return {"object": "list", "data": [_card(n, names[0], window) for n in names]}


def _card(name: str, root: str, window: int) -> dict[str, Json]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {
        "id": name,
        "object": "model",
        "created": _CREATED,
        "owned_by": "vllm",
        "root": root,
        "parent": None,
        "max_model_len": window,
        "permission": [
            {
                "id": "modelperm-" + digest[:16],
                "object": "model_permission",
                "created": _CREATED,
                "allow_create_engine": False,
                "allow_sampling": True,
                "allow_logprobs": True,
                "allow_search_indices": False,
                "allow_view": True,
                "allow_fine_tuning": False,
                "organization": "*",
                "group": None,
                "is_blocking": False,
            }
        ],
    }


def _dialect(
    id: str, title: str, prefix: str, version: Version, release: str
) -> Dialect:
    return Dialect(
        id=id,
        title=title,
        prefix=prefix,
        request=partial(request, version),
        decode=partial(decode, version),
        parse=partial(parse, version),
        encode=partial(encode, version),
        message=partial(message, version),
        chunk=partial(chunk, version),
        usage_chunk=partial(usage_chunk, version),
        completion=partial(completion, version),
        error=partial(error, modern=version.modern),
        models=models,
        patch_grid=mistral_grid,
        system=SYSTEM,
        reasoning_fields=frozenset(version.fields),
        call_id=r"[A-Za-z0-9]{9}",
        paths=PATHS,
        load=METRICS,
        server_flags=SWITCHES,
        rules=rules(release, partial(parse, version)),
    )


_CHUNKS = MessageFormat(thought=ThoughtFormat.STRING, prefix=False)
_FIELDS = MessageFormat(
    thought=ThoughtFormat.STRING,
    history=("reasoning", "reasoning_content"),
    prefix=False,
)
VLLM_0_11 = _dialect(
    "vllm-0.11",
    "vLLM 0.11.0: reasoning_content",
    "Vllm011",
    # It drops the field of replayed messages but takes thinking chunks in them.
    Version(fields=("reasoning_content",), spelling=_CHUNKS),
    "0.11.0",
)
VLLM_0_12 = _dialect(
    "vllm-0.12",
    "vLLM 0.11.1 to 0.15: reasoning and reasoning_content, the same text in both",
    "Vllm012",
    Version(fields=("reasoning", "reasoning_content"), spelling=_FIELDS),
    "0.12.0",
)
VLLM_0_16 = _dialect(
    "vllm-0.16",
    "vLLM 0.16 and later: reasoning",
    "Vllm016",
    Version(fields=("reasoning",), spelling=_FIELDS, modern=True),
    "0.32.0",
)
