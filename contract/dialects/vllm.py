"""vLLM's OpenAI-compatible server with the reasoning parser for Mistral models."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from contract.cells import capped
from contract.chat import METRICS, Json, Kind, Message, Piece, Probe, Text, Thinking
from contract.dialects import reading, spelling, writing
from contract.dialects.base import (
    Answer,
    Dialect,
    Head,
    Problem,
    Switches,
    Trouble,
    Usage,
)
from contract.dialects.issue import BOUNDS, issue, steps
from contract.dialects.spelling import Spelling, Thought

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
SWITCHES = Switches(
    thought="start vLLM with --reasoning-parser mistral",
    # Recorded with 0.32.0: without a tool parser, streams keep the markers.
    streams="add --enable-auto-tool-choice --tool-call-parser mistral",
    call="start vLLM with --enable-auto-tool-choice --tool-call-parser mistral",
    window="start vLLM with --max-model-len {}",
    images="start vLLM with --limit-mm-per-prompt '{{\"image\": {}}}'",
    usage=(
        "start vLLM without --enable-force-include-usage, or have the profile tolerate "
        "usage-unasked"
    ),
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

    `fields` carry the reasoning. `modern` stands for what came with 0.16 or soon
    after: reasoning tokens in usage, a fingerprint, `param` in errors, no empty
    `tool_calls`.
    """

    fields: tuple[str, ...]
    spelling: Spelling
    modern: bool = False


def request(version: Version, probe: Probe, model: str) -> dict[str, Json]:
    """The body as vLLM takes it."""
    return spelling.body(probe, model, version.spelling)


def decode(version: Version, part: Json) -> tuple[Piece, ...]:
    """Reasoning and content are strings of their own."""
    return reading.pieces(part, version.fields)


def parse(version: Version, body: Mapping[str, Json]) -> Probe:
    """A body as vLLM reads it."""
    return reading.probe(body, version.spelling)


def encode(version: Version, pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """The role, then a delta a piece; tool arguments come in fragments."""
    yield {"role": "assistant", "content": ""}
    for piece in pieces:
        if piece.kind is Kind.TOOL:
            yield writing.fragment(piece)
        elif piece.kind is Kind.REASONING:
            yield dict.fromkeys(version.fields, piece.text)
        else:
            yield {"content": piece.text}


def message(version: Version, pieces: Iterable[Piece]) -> dict[str, Json]:
    """A whole message; what was not said is null."""
    said = tuple(pieces)
    reasoning = writing.text(said, Kind.REASONING) or None
    return {
        **bare(writing.text(said, Kind.ANSWER) or None, said, modern=version.modern),
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
    calls = writing.calls(pieces)
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


_BAD = "Bad Request"  # the body does not validate
_REFUSED = "BadRequestError"  # it does, and the engine cannot serve it
_BARE = {
    Trouble.NO_KEY: (401, "error", "Unauthorized"),
    Trouble.WRONG_KEY: (401, "error", "Unauthorized"),
    Trouble.ROUTE: (404, "detail", "Not Found"),
    Trouble.METHOD: (405, "detail", "Method Not Allowed"),
    Trouble.ENCODING: (400, "detail", "There was an error parsing the body"),
}
_KINDS = {
    Trouble.MODEL: (404, "NotFoundError"),
    Trouble.RATE: (429, "TooManyRequestsError"),
    Trouble.MALFORMED: (400, _BAD),
    Trouble.CONTENT_TYPE: (400, _BAD),
}
_PARAMS = {
    Trouble.OVERFLOW: "input_tokens",
    Trouble.MAX_TOKENS: "max_tokens",
    Trouble.TOOL_CHOICE: "tool_choice",
    Trouble.IMAGE_COUNT: "image",
    Trouble.IMAGE_URL: "image_url",
    Trouble.MODEL: "model",
}
_SENTENCES = {
    Trouble.MODEL: "The model `{0.value}` does not exist.",
    Trouble.OVERFLOW: (
        "This model's maximum context length is {0.limit} tokens. However, your "
        "prompt contains {0.count} input tokens, which exceeds this limit even "
        "without any output tokens. Please reduce the length of the input prompt. "
        "(parameter=input_tokens, value={0.count})"
    ),
    Trouble.MAX_TOKENS: (
        "max_tokens or the prompt is too large: {0.count} tokens are more than "
        "max_model_len={0.limit}. Please request fewer output tokens."
    ),
    Trouble.IMAGE_COUNT: "At most {0.limit} image(s) may be provided in one prompt.",
    Trouble.CONTENT_TYPE: (
        "1 validation error:\n  "
        "Unsupported Media Type: Only 'application/json' is allowed"
    ),
}


# What its schema lets pass, and what reads the value refuses: the pointer of the
# value, the param it is called by, and what is said.
_LATER = (
    (r"/messages/\d+/role", None, "Unknown message role: {0.value}"),
    (r"/messages/\d+/content/\d+/type", None, "{1}: {2} (type {0.value})"),
    (r"/messages/\d+/content/\d+/image_url/url", None, "Failed to load image: {2}"),
    (
        r"/tools/\d+/function/name",
        None,
        "Function name was {0.value} but must be a-z, A-Z, 0-9, or contain underscores "
        "and dashes, with a maximum length of 64.",
    ),
    (
        "/tool_choice",
        "tool_choice",
        'Invalid value for `tool_choice`: {0.value}! Only named tools, "none", '
        '"auto" or "required" are supported.',
    ),
    (
        "/response_format/json_schema",
        "response_format",
        "When response_format type is 'json_schema', the 'json_schema' field must be "
        "provided.",
    ),
    ("/response_format", None, "Grammar error: {0.message}"),
    ("/n", None, "n: {2}"),
)


def _later(problem: Problem) -> tuple[str, str | None] | None:
    """The sentence and the param of a refusal that is none of the schema's."""
    if problem.trouble not in {Trouble.SCHEMA, Trouble.UNSUPPORTED}:
        return None
    if problem.keyword == "type":
        return None
    for pointer, param, words in _LATER:
        if re.fullmatch(pointer, problem.pointer):
            place = ".".join(map(str, steps(problem.pointer)))
            return words.format(problem, place, issue(problem)["msg"]), param
    return None


def error(version: Version, problem: Problem) -> tuple[int, Json]:
    """`{"error": {message, type, param, code}}`, or FastAPI's own `detail`."""
    if problem.trouble in _BARE:
        status, member, words = _BARE[problem.trouble]
        return status, {member: words}
    status, kind = _KINDS.get(problem.trouble, (400, _REFUSED))
    param = _PARAMS.get(problem.trouble)
    message = _SENTENCES.get(problem.trouble, "").format(problem) or problem.message
    if later := _later(problem):
        message, param = later
    elif problem.trouble is Trouble.MALFORMED or (
        problem.trouble is Trouble.SCHEMA and problem.keyword not in BOUNDS
    ):
        kind = _BAD
        found = issue(problem)
        param = ".".join(["body", *map(str, steps(problem.pointer))])
        if problem.trouble is Trouble.MALFORMED:
            param = f"body.{problem.count}"
        message = f"1 validation error:\n  { ({**found, 'loc': param})!r}"
    elif problem.trouble in {Trouble.SCHEMA, Trouble.UNSUPPORTED}:
        param = str(next(iter(steps(problem.pointer)), "")) or None
        message = message or f"{param}: {issue(problem)['msg']}"
    body: dict[str, Json] = {
        "message": message or problem.trouble.value,
        "type": kind,
        "param": param if version.modern else None,
        "code": status,
    }
    return status, {"error": body}


def _dialect(id: str, title: str, prefix: str, version: Version) -> Dialect:
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
        error=partial(error, version),
        models=models,
        cells=capped,
        system=SYSTEM,
        reasoning_fields=frozenset(version.fields),
        call_id=r"[A-Za-z0-9]{9}",
        paths=PATHS,
        load=METRICS,
        switches=SWITCHES,
    )


_CHUNKS = Spelling(thought=Thought.STRING, prefix=False)
_FIELDS = Spelling(
    thought=Thought.STRING, history=("reasoning", "reasoning_content"), prefix=False
)
VLLM_0_11 = _dialect(
    "vllm-0.11",
    "vLLM 0.11.0: reasoning_content",
    "Vllm011",
    # It drops the field of replayed messages but takes thinking chunks in them.
    Version(fields=("reasoning_content",), spelling=_CHUNKS),
)
VLLM_0_12 = _dialect(
    "vllm-0.12",
    "vLLM 0.11.1 to 0.15: reasoning and reasoning_content, the same text in both",
    "Vllm012",
    Version(fields=("reasoning", "reasoning_content"), spelling=_FIELDS),
)
VLLM_0_16 = _dialect(
    "vllm-0.16",
    "vLLM 0.16 and later: reasoning",
    "Vllm016",
    Version(fields=("reasoning",), spelling=_FIELDS, modern=True),
)
