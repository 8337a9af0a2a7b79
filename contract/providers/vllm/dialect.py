"""vLLM's OpenAI-compatible server with the reasoning parser for Mistral models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from contract.model.chat import METRICS, Json, Message, Piece, PieceKind, Text, Thinking
from contract.model.dialect import Answer, Dialect, Head, ServerFlags, Usage
from contract.model.probe import Probe
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.vllm.rejections import error
from contract.providers.vllm.rules import rules
from contract.tokens.patch_grid import mistral_grid

# Models served without a default system prompt often reason only when instructed to
# (vllm-project/vllm#30139): instructions, a reasoning template, an answer template.
SYSTEM = Message(
    "system",
    (
        Text("First draft your thinking process, then answer. Use this template:"),
        Thinking("Your thoughts, as long as needed."),
        Text("Here, a self-contained answer."),
    ),
)
SERVER_FLAGS = ServerFlags(
    reasoning="start vLLM with --reasoning-parser mistral",
    # Recorded with 0.32.0: without a tool parser, streams keep the markers.
    streaming="add --enable-auto-tool-choice --tool-call-parser mistral",
    tool_calls="start vLLM with --enable-auto-tool-choice --tool-call-parser mistral",
    window="start vLLM with --max-model-len {}",
    images="start vLLM with --limit-mm-per-prompt '{{\"image\": {}}}'",
    usage="start vLLM without --enable-force-include-usage",
    # Measured with 0.12.0, 0.15.1 and 0.16.0 (vllm-project/vllm#30139).
    release="vLLM 0.12 to 0.16 drops the markers of whole answers; take a later one",
)
PATHS = frozenset(
    {"/v1/models", "/health", "/version", METRICS, "/tokenize", "/detokenize"}
)
_CREATED = 1_758_153_600
_FINGERPRINT = "vllm-0.32.0-14b2c9cc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The differences between releases."""

    # Members that carry the reasoning; each holds the whole text.
    fields: tuple[str, ...]
    # The differences between request bodies.
    message_format: MessageFormat
    # Whether responses have what was recorded with 0.32.0 but not with 0.16.0:
    # reasoning tokens in usage, a fingerprint, the newer nulls, no empty `tool_calls`.
    modern: bool = False
    # Whether errors state the parameter; recorded with 0.15.1, 0.16.0 and 0.32.0.
    names_param: bool = False
    # Whether the chunk of a natural end has an empty content; recorded with 0.11.0,
    # 0.12.0, 0.15.1 and 0.16.0.
    ends_with_content: bool = False
    # Whether later fragments of a call have a null id and the type; recorded with
    # 0.15.1 and 0.16.0 (tool_choice auto).
    repeats_type: bool = False
    # Whether the content of a response without any text is empty instead of null;
    # recorded with 0.15.1 and 0.16.0 (max_tokens 1).
    empty_content: bool = False
    # The version of pydantic to whose pages errors refer.
    pydantic: str = "2.14"


def request(version: Version, probe: Probe, model: str) -> dict[str, Json]:
    """Return the body in the message format of *version*."""
    return request_body.body(probe, model, version.message_format)


def decode(version: Version, part: Json) -> tuple[Piece, ...]:
    """Decode reasoning and content, which are separate strings."""
    return parsing.pieces(part, version.fields)


def parse(version: Version, body: Mapping[str, Json]) -> Probe:
    """Parse a body in the message format of *version*."""
    probe = parsing.probe(body, version.message_format)
    if not any(message.tool_calls for message in probe.messages):
        return probe
    messages = tuple(map(_with_json_arguments, probe.messages))
    return replace(probe, messages=messages)


def _with_json_arguments(message: Message) -> Message:
    """Replace replayed arguments that are not JSON by an empty object, as vLLM does."""
    if not message.tool_calls:
        return message
    calls = tuple(
        call if _is_json(call.arguments) else replace(call, arguments="{}")
        for call in message.tool_calls
    )
    return replace(message, tool_calls=calls)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def encode(version: Version, pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """
    Yield the role, then one delta per piece; tool arguments are sent in fragments.

    A second reasoning field is null in deltas without reasoning.
    """
    copy: dict[str, Json] = dict.fromkeys(version.fields[1:])
    yield {"role": "assistant", "content": "", **copy}
    for piece in pieces:
        if piece.kind is PieceKind.TOOL:
            yield {**copy, **_fragment(version, piece)}
        elif piece.kind is PieceKind.REASONING:
            yield dict.fromkeys(version.fields, piece.text)
        else:
            yield {"content": piece.text, **copy}


def _fragment(version: Version, piece: Piece) -> dict[str, Json]:
    """Return a part of a call in the members of *version*."""
    if version.repeats_type and piece.call and piece.call.id is None:
        entry: dict[str, Json] = {
            "id": None,
            "type": "function",
            "index": piece.call.index,
            "function": {"arguments": piece.text},
        }
        return {"tool_calls": [entry]}
    return response_body.fragment(piece)


def message(version: Version, pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; absent reasoning or content is null."""
    output = tuple(pieces)
    reasoning = response_body.text(output, PieceKind.REASONING) or None
    content = response_body.text(output, PieceKind.ANSWER) or None
    if version.empty_content and not output:
        content = ""
    return {
        **message_without_reasoning(content, output, modern=version.modern),
        **dict.fromkeys(version.fields, reasoning),
    }


def message_without_reasoning(
    content: str | None, pieces: tuple[Piece, ...], *, modern: bool
) -> dict[str, Json]:
    """
    Return a message without its reasoning fields, with all the nulls of vLLM.

    The calls are taken from *pieces*; a *modern* release omits an empty list of calls.
    """
    encoded: dict[str, Json] = {
        "role": "assistant",
        "content": content,
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
    }
    calls = response_body.calls(pieces)
    return {**encoded, "tool_calls": calls} if calls or not modern else encoded


def usage_object(usage: Usage, *, modern: bool) -> dict[str, Json]:
    """Return the counters in vLLM's order; *modern* releases count reasoning tokens."""
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
    """Return one event; the first and the last of a choice have further nulls."""
    if version.ends_with_content and not delta:
        ended: dict[str, Json] = {"content": ""} if finish == "stop" else {}
        delta = {**ended, **dict.fromkeys(version.fields[1:])}
    choice: dict[str, Json] = {
        "index": index,
        "delta": delta,
        "logprobs": None,
        "finish_reason": finish,
    }
    encoded: dict[str, Json] = {**_chunk_head(head), "choices": [choice]}
    if "role" in delta:
        encoded["prompt_token_ids"] = None
        if version.modern:
            encoded["prompt_text"] = None
    else:
        if finish is not None:
            choice["stop_reason"] = None
        choice["token_ids"] = None
    if finish is not None and version.modern:
        encoded["system_fingerprint"] = _FINGERPRINT
    if usage is not None:
        encoded["usage"] = usage_object(usage, modern=version.modern)
    return encoded


def usage_chunk(version: Version, head: Head, usage: Usage) -> dict[str, Json]:
    """Return the event after the last choice, sent when usage was requested."""
    counters = usage_object(usage, modern=version.modern)
    encoded = {**_chunk_head(head), "choices": [], "usage": counters}
    return (
        {**encoded, "system_fingerprint": _FINGERPRINT} if version.modern else encoded
    )


def completion(
    version: Version, head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole response with the members that vLLM always adds."""
    messages = [(_message_of(version, a), a.finish) for a in answers]
    return envelope(head, messages, usage, modern=version.modern)


def _message_of(version: Version, answer: Answer) -> dict[str, Json]:
    """Return a message; recorded with 0.16.0 and 0.32.0, a forced call has content."""
    encoded = message(version, answer.pieces)
    if answer.forced and encoded["content"] is None:
        encoded["content"] = ""
    return encoded


def envelope(
    head: Head,
    messages: Iterable[tuple[dict[str, Json], str]],
    usage: Usage,
    *,
    modern: bool,
) -> dict[str, Json]:
    """
    Return a whole response around *messages*, pairs of message and finish reason.

    *modern* adds the members that were recorded with 0.32.0.
    """
    newer: dict[str, Json] = {"routed_experts": None} if modern else {}
    counters = usage_object(usage, modern=modern)
    counters["prompt_tokens_details"] = None
    encoded: dict[str, Json] = {
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": [
            {
                "index": index,
                "message": body,
                "logprobs": None,
                "finish_reason": finish,
                "stop_reason": None,
                "token_ids": None,
                **newer,
            }
            for index, (body, finish) in enumerate(messages)
        ],
        "service_tier": None,
        "system_fingerprint": _FINGERPRINT if modern else None,
        "usage": counters,
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        **({"prompt_text": None} if modern else {}),
        "kv_transfer_params": None,
    }
    if modern:
        encoded.update(dict.fromkeys(("ec_transfer_params", "metrics")))
    return encoded


def models(names: tuple[str, ...], window: int) -> dict[str, Json]:
    """Return every served name with `max_model_len`."""
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
        error=partial(
            error, names_param=version.names_param, pydantic=version.pydantic
        ),
        models=models,
        patch_grid=mistral_grid,
        system=SYSTEM,
        reasoning_fields=frozenset(version.fields),
        call_id=r"[A-Za-z0-9]{9}",
        paths=PATHS,
        load=METRICS,
        server_flags=SERVER_FLAGS,
        rules=rules(release, partial(parse, version)),
    )


_CHUNKS = MessageFormat(reasoning=ReasoningFormat.STRING, prefix=False)
_FIELDS = MessageFormat(
    reasoning=ReasoningFormat.STRING,
    history=("reasoning", "reasoning_content"),
    prefix=False,
)
VLLM_0_11 = _dialect(
    "vllm-0.11",
    "vLLM 0.11.0: reasoning_content",
    "Vllm011",
    # It drops the field of replayed messages but accepts thinking chunks in them.
    Version(
        fields=("reasoning_content",), message_format=_CHUNKS, ends_with_content=True
    ),
    "0.11.0",
)
VLLM_0_12 = _dialect(
    "vllm-0.12",
    "vLLM 0.11.1 to 0.15: reasoning and reasoning_content, the same text in both",
    "Vllm012",
    Version(
        fields=("reasoning", "reasoning_content"),
        message_format=_FIELDS,
        ends_with_content=True,
        repeats_type=True,
    ),
    "0.12.0",
)
_OF_0_16_0 = _dialect(
    "vllm-0.16",
    "vLLM 0.16 and later: reasoning",
    "Vllm016",
    Version(
        fields=("reasoning",),
        message_format=_FIELDS,
        names_param=True,
        ends_with_content=True,
        repeats_type=True,
        empty_content=True,
        pydantic="2.12",
    ),
    "0.16.0",
)
# As 0.32.0 speaks it; its schema allows what 0.16.0 sends too.
VLLM_0_16 = replace(
    _dialect(
        "vllm-0.16",
        "vLLM 0.16 and later: reasoning",
        "Vllm016",
        Version(
            fields=("reasoning",),
            message_format=_FIELDS,
            modern=True,
            names_param=True,
        ),
        "0.32.0",
    ),
    releases={"0.16.0": _OF_0_16_0},
)
