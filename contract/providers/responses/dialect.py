"""The surface `/v1/responses` of Mistral's hosted API, of vLLM and of llama.cpp."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from contract.model.chat import Json, Message, Piece, PieceKind, Text, Thinking
from contract.model.dialect import Answer, Dialect, Head, StreamUsage, Usage
from contract.model.probe import Probe
from contract.model.rejection import Rejection
from contract.model.surface import Surface
from contract.model.think import CLOSE, OPEN
from contract.providers.llamacpp.dialect import LLAMACPP
from contract.providers.mistral.dialect import MISTRAL_2026_08
from contract.providers.openai_format import parsing, request_body, response_body
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat
from contract.providers.responses import rules
from contract.providers.responses.names import INPUT_TOKENS, NAMES, PATH
from contract.providers.responses.parsing import parse as parse_request
from contract.providers.responses.rendering import Echo, Renderer, render
from contract.providers.responses.replies import Reader, read
from contract.providers.responses.writing import write
from contract.providers.vllm.dialect import VLLM_0_16
from contract.providers.vllm.rules import rules as vllm_rules

_FORMAT = MessageFormat(
    reasoning=ReasoningFormat.STRING, history=("reasoning",), asks_usage=False
)
# A think chunk is no content of this surface, so the instruction is plain text.
_SYSTEM = Message(
    "system",
    "First draft your thinking process between [THINK] and [/THINK], as long as "
    "needed. Then write a self-contained answer.",
)


def request(probe: Probe, model: str) -> dict[str, Json]:
    """
    Return the body as a chat request; the surface translates it.

    The template of a thought in a system message is written as text with markers.
    """
    messages = tuple(map(_with_markers, probe.messages))
    return request_body.body(replace(probe, messages=messages), model, _FORMAT)


def _with_markers(message: Message) -> Message:
    if message.role != "system" or isinstance(message.content, str):
        return message
    parts = tuple(
        Text(f"{OPEN}{part.text}{CLOSE}") if isinstance(part, Thinking) else part
        for part in message.parts
    )
    return message if parts == message.parts else replace(message, content=parts)


def request_with_effort(probe: Probe, model: str) -> dict[str, Json]:
    """Return the body with the effort `high` or `none`, the switch of reasoning."""
    body = request(probe, model)
    if probe.messages:
        body.setdefault("reasoning_effort", "high" if probe.reasons else "none")
    return body


def parse(body: Mapping[str, Json]) -> Probe:
    """Parse a chat request, as the surface has translated it."""
    return parsing.probe(body, _FORMAT)


def parse_with_effort(body: Mapping[str, Json]) -> Probe:
    """Parse a chat request; the model reasons only at an effort above none."""
    probe = parse(body)
    return replace(probe, reasons=probe.options.reasoning_effort not in {None, "none"})


def decode(part: Json) -> tuple[Piece, ...]:
    """Decode a delta or message that the surface has translated."""
    return parsing.pieces(part, ("reasoning",))


def encode(pieces: Iterable[Piece]) -> Iterator[dict[str, Json]]:
    """Return the role, then one delta for each piece."""
    role: dict[str, Json] = {"role": "assistant", "content": ""}
    return response_body.deltas(pieces, role, "reasoning")


def message(pieces: Iterable[Piece]) -> dict[str, Json]:
    """Return a whole message; absent reasoning and calls are left out."""
    output = tuple(pieces)
    calls = response_body.calls(output)
    answer = response_body.text(output, PieceKind.ANSWER)
    message: dict[str, Json] = {"role": "assistant", "content": answer or None}
    if reasoning := response_body.text(output, PieceKind.REASONING):
        message["reasoning"] = reasoning
    return {**message, "tool_calls": calls} if calls else message


def _usage(usage: Usage) -> dict[str, Json]:
    return {
        "prompt_tokens": usage.prompt,
        "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "completion_tokens": usage.completion,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }


def _head(head: Head, kind: str) -> dict[str, Json]:
    return {
        "id": head.id,
        "object": kind,
        "created": head.created,
        "model": head.model,
    }


def chunk(
    head: Head,
    index: int,
    delta: dict[str, Json],
    finish: str | None,
    usage: Usage | None,
) -> dict[str, Json]:
    """Return one chunk; the last one has the usage."""
    message: dict[str, Json] = {
        **_head(head, "chat.completion.chunk"),
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}],
    }
    return {**message, "usage": _usage(usage)} if usage else message


def completion(
    head: Head, answers: tuple[Answer, ...], usage: Usage
) -> dict[str, Json]:
    """Return a whole chat completion."""
    return {
        **_head(head, "chat.completion"),
        "choices": [
            {"index": index, "message": message(a.pieces), "finish_reason": a.finish}
            for index, a in enumerate(answers)
        ],
        "usage": _usage(usage),
    }


def _renamed(
    error: Callable[[Rejection], tuple[int, Json | str]], problem: Rejection
) -> tuple[int, Json | str]:
    """Return the *error* of a server, about the member as it is named here."""
    _, *steps = problem.pointer.split("/") if problem.pointer else [""]
    if steps and steps[0] in NAMES:
        pointer = "/" + "/".join([NAMES[steps[0]], *steps[1:]])
        problem = replace(problem, pointer=pointer)
    return error(problem)


def surface(echo: Mapping[str, Json]) -> Surface:
    """Return the surface whose responses have the members of *echo*."""
    repeated = Echo(echo)
    return Surface(
        path=PATH,
        write=write,
        read=read,
        reader=Reader,
        parse=parse_request,
        render=partial(_render, repeated),
        renderer=partial(_renderer, repeated),
        names=NAMES,
    )


def _render(echo: Echo, value: Json, body: Json) -> Json:
    return render(value, body, echo)


def _renderer(echo: Echo, body: Json) -> Renderer:
    return Renderer(body, echo)


# Members that the model CreateResponseResponse of mistralai 3.7.0 has.
_ECHO: dict[str, Json] = {
    "instructions": None,
    "metadata": None,
    "parallel_tool_calls": True,
    "temperature": None,
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "background": False,
    "max_output_tokens": None,
    "previous_response_id": None,
    "reasoning": None,
    "text": None,
    "truncation": "disabled",
}
# Numbers that vLLM always gives: ResponsesResponse in protocol.py of 0.32.0.
_VLLM_ECHO: dict[str, Json] = {
    **_ECHO,
    "temperature": 1.0,
    "top_p": 1.0,
    "max_output_tokens": 131_072,
    "max_tool_calls": None,
    "service_tier": "auto",
    "top_logprobs": None,
    "user": None,
}


def _responses(
    base: Dialect, id: str, title: str, prefix: str, **changes: object
) -> Dialect:
    """Return the dialect *base* with the messages of this surface."""
    return replace(
        base,
        id=id,
        title=title,
        prefix=prefix,
        decode=decode,
        encode=encode,
        message=message,
        chunk=chunk,
        usage_chunk=None,
        completion=completion,
        error=partial(_renamed, base.error),
        reasoning_fields=frozenset({"reasoning"}),
        stream_usage=StreamUsage.LAST_CHUNK,
        done=False,
        **changes,  # type: ignore[arg-type]  # fields of the dataclass
    )


MISTRAL_RESPONSES = _responses(
    MISTRAL_2026_08,
    "mistral-responses",
    "Mistral's hosted API: /v1/responses",
    "MistralResponses",
    request=request_with_effort,
    parse=parse_with_effort,
    surface=surface(_ECHO),
    call_id=r"[!-~]+",
    paths=MISTRAL_2026_08.paths | {INPUT_TOKENS},
    rules=rules.hosted(parse_with_effort),
)
VLLM_RESPONSES = _responses(
    VLLM_0_16,
    "vllm-responses",
    "vLLM 0.32 and later: /v1/responses",
    "VllmResponses",
    request=request,
    parse=parse,
    surface=surface(_VLLM_ECHO),
    system=_SYSTEM,
    rules=rules.vllm(vllm_rules("0.32.0", VLLM_0_16.parse)),
)
LLAMACPP_RESPONSES = _responses(
    LLAMACPP,
    "llamacpp-responses",
    "llama.cpp's server: /v1/responses",
    "LlamacppResponses",
    request=request,
    parse=parse,
    surface=surface(_ECHO),
    system=_SYSTEM,
    call_id=r"(call_)?[A-Za-z0-9]{32}",
    paths=LLAMACPP.paths | {INPUT_TOKENS},
    rules=rules.llamacpp(parse),
)
