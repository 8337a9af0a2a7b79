"""
Parsing of requests, deltas and messages.

No function here raises for any JSON value.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from contract.model import think
from contract.model.chat import (
    Call,
    Image,
    Json,
    Message,
    Options,
    Part,
    Piece,
    PieceKind,
    Role,
    Text,
    Thinking,
    Tool,
    ToolCall,
    freeze,
)
from contract.model.probe import Probe
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat

_ROLES: dict[Json, Role] = {
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_DATA_URI = re.compile(r"data:([^,]*?);base64,(.*)", re.IGNORECASE | re.DOTALL)
_TAGGED = re.compile(
    re.escape(think.OPEN) + "(.*?)(" + re.escape(think.CLOSE) + r"|\Z)", re.DOTALL
)


def pieces(part: Json, reasoning: tuple[str, ...]) -> tuple[Piece, ...]:
    """
    Return a delta or a message as pieces: reasoning, then content, then tool calls.

    *reasoning* names the members that may carry the reasoning. The first that holds
    text counts, because some servers send the same text in two of them.
    """
    if not isinstance(part, dict):
        return ()
    found: list[Piece] = []
    for name in reasoning:
        if text := _text(part.get(name)):
            found.append(Piece(PieceKind.REASONING, text))
            break
    content = part.get("content")
    if isinstance(content, str):
        if content:
            found.append(Piece(PieceKind.ANSWER, content))
    elif isinstance(content, list):
        found += _listed_pieces(content)
    calls = part.get("tool_calls")
    for position, call in enumerate(calls if isinstance(calls, list) else ()):
        if isinstance(call, dict):
            found.append(_tool_piece(call, position))
    return tuple(found)


def _listed_pieces(content: list[Json]) -> Iterator[Piece]:
    """Yield the pieces of a list of chunks; unknown chunks are ignored."""
    for chunk in content:
        if isinstance(chunk, dict):
            if chunk.get("type") == "thinking":
                if text := _reasoning(chunk.get("thinking")):
                    yield Piece(PieceKind.REASONING, text)
            elif chunk.get("type") == "text" and (text := _text(chunk.get("text"))):
                yield Piece(PieceKind.ANSWER, text)


def _tool_piece(call: dict[str, Json], position: int) -> Piece:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    index, call_id, name = call.get("index"), call.get("id"), function.get("name")
    return Piece(
        PieceKind.TOOL,
        _arguments(function.get("arguments")),
        call=Call(
            index if isinstance(index, int) else position,
            call_id if isinstance(call_id, str) else None,
            name if isinstance(name, str) else None,
        ),
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _reasoning(thinking: Json) -> str:
    """Return the text of a thinking chunk: a string, or that of a list of chunks."""
    if isinstance(thinking, list):
        return "".join(
            _text(chunk.get("text")) for chunk in thinking if isinstance(chunk, dict)
        )
    return _text(thinking)


def _arguments(value: Json) -> str:
    """Return tool call arguments as JSON text; some servers send an object."""
    if value is None:
        return ""
    return value if isinstance(value, str) else freeze(value)


def probe(body: Mapping[str, Json], message_format: MessageFormat) -> Probe:
    """Return the probe that a body, which matches the request schema, stands for."""
    messages = [
        _message(entry, message_format) for entry in _dicts(body.get("messages"))
    ]
    if messages and body.get("continue_final_message") is True:
        last = messages[-1]
        messages[-1] = Message(
            last.role, last.content, last.tool_calls, last.tool_call_id, prefix=True
        )
    model = body.get("model")
    return Probe(
        name="parsed",
        messages=tuple(messages),
        options=_options(body, message_format),
        stream=body.get("stream") is True,
        model=model if isinstance(model, str) else None,
    )


def _dicts(value: Json) -> list[dict[str, Json]]:
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _options(body: Mapping[str, Json], message_format: MessageFormat) -> Options:
    stream_options = body.get("stream_options")
    include_usage = (
        isinstance(stream_options, dict) and stream_options.get("include_usage") is True
    )
    stop = body.get("stop")
    parallel = body.get("parallel_tool_calls")
    response_format = body.get("response_format")
    return Options(
        max_tokens=_integer(body.get("max_tokens")),
        temperature=_number(body.get("temperature")),
        top_p=_number(body.get("top_p")),
        seed=_integer(body.get(message_format.seed)),
        stop=(stop,)
        if isinstance(stop, str)
        else tuple(_text(word) for word in (stop if isinstance(stop, list) else ())),
        n=_integer(body.get("n")),
        presence_penalty=_number(body.get("presence_penalty")),
        frequency_penalty=_number(body.get("frequency_penalty")),
        logprobs=(_integer(body.get("top_logprobs")) or 0)
        if body.get("logprobs") is True
        else None,
        tools=tuple(_tools(body.get("tools"))),
        tool_choice=_tool_choice(body.get("tool_choice")),
        parallel_tool_calls=parallel if isinstance(parallel, bool) else None,
        response_format=None if response_format is None else freeze(response_format),
        prompt_mode=_text(body.get("prompt_mode")) or None,
        reasoning_effort=_text(body.get("reasoning_effort")) or None,
        usage=include_usage
        or not message_format.asks_usage
        or body.get("stream") is not True,
    )


def _integer(value: Json) -> int | None:
    number = _number(value)
    return None if number is None or number % 1 else int(number)


def _number(value: Json) -> int | float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return value if known else None  # type: ignore[return-value]  # known is the check


def _tools(value: Json) -> Iterator[Tool]:
    for entry in _dicts(value):
        function = entry.get("function")
        if isinstance(function, dict):
            yield Tool(
                _text(function.get("name")),
                freeze(function.get("parameters") or {}),
                _text(function.get("description")),
            )


def _tool_choice(value: Json) -> str | None:
    if isinstance(value, dict):
        function = value.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        return "=" + _text(name)
    if value == "any":
        return "required"
    return value if isinstance(value, str) else None


def _message(entry: dict[str, Json], message_format: MessageFormat) -> Message:
    role = _ROLES.get(_text(entry.get("role")), "user")
    content = _content(entry.get("content"), role, message_format)
    for name in message_format.history:
        if role == "assistant" and (reasoning := _text(entry.get(name))):
            parts = Message(role, content).parts
            content = (Thinking(reasoning), *parts)
            break
    call_id = entry.get("tool_call_id")
    return Message(
        role,
        content,
        tuple(_replayed_calls(entry.get("tool_calls"))),
        call_id if isinstance(call_id, str) else None,
        prefix=message_format.prefix and entry.get("prefix") is True,
    )


def _replayed_calls(value: Json) -> Iterator[ToolCall]:
    for position, call in enumerate(_dicts(value)):
        piece = _tool_piece(call, position)
        if piece.call is not None:
            yield ToolCall(piece.call.id or "", piece.call.name or "", piece.text)


def _content(
    value: Json, role: Role, message_format: MessageFormat
) -> str | tuple[Part, ...] | None:
    if isinstance(value, str):
        if message_format.reasoning is ReasoningFormat.TAGS and role in {
            "system",
            "assistant",
        }:
            return untagged(value)
        return value
    if isinstance(value, list):
        return tuple(_parts(value))
    return None


def untagged(text: str) -> str | tuple[Part, ...]:
    """Return text with reasoning between markers as parts; other text stays text."""
    parts: list[Part] = []
    place = 0
    for found in _TAGGED.finditer(text):
        if found.start() > place:
            parts.append(Text(text[place : found.start()]))
        parts.append(Thinking(found[1], closed=bool(found[2])))
        place = found.end()
    if not parts:
        return text
    return (*parts, Text(text[place:])) if text[place:] else tuple(parts)


def _parts(chunks: list[Json]) -> Iterator[Part]:
    for chunk in chunks:
        if not isinstance(chunk, dict):
            continue
        # The hosted schema gives every chunk a default type, so it may be absent.
        kind = chunk.get("type", "text" if "text" in chunk else None)
        if kind == "text":
            yield Text(_text(chunk.get("text")))
        elif kind == "thinking":
            closed = chunk.get("closed") is not False
            yield Thinking(_reasoning(chunk.get("thinking")), closed)
        elif kind == "image_url":
            yield image(chunk.get("image_url"))


def image(value: Json) -> Image:
    """
    Return an image part with the bytes of a base64 data URI, or with the URL as sent.

    A data URI that is not valid base64 is kept as a URL, so that the mock can reject
    it.
    """
    url = value.get("url") if isinstance(value, dict) else value
    detail = value.get("detail") if isinstance(value, dict) else None
    uri = _text(url)
    known = detail if isinstance(detail, str) else None
    found = _DATA_URI.fullmatch(uri)
    if found:
        try:
            data = base64.b64decode(found[2], validate=True)
        except (binascii.Error, ValueError):
            return Image(url=uri, detail=known)
        return Image(data, found[1] or "text/plain", detail=known)
    return Image(url=uri, detail=known)
