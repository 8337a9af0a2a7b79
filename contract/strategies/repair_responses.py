"""Repair of bodies of `/v1/responses` that match a schema, so that servers answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.model.chat import Json
from contract.model.strict_json import is_one_of
from contract.strategies.repair import (
    EFFORTS,
    MAX_IMAGES,
    MAX_TOKENS,
    PIXEL,
    SCHEMA,
    UNSUPPORTED,
)

# Members that need what a server has stored, a task that outlives the request, or
# log-probabilities.
_UNSUPPORTED = UNSUPPORTED | {
    "background",
    "conversation",
    "include",
    "max_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "store",
    "truncation",
}
_HELLO: Json = {"role": "user", "content": "Hello."}
_INPUT = ("user", "system", "developer")


def mended(body: Json, model: str) -> Json:
    """
    Return a copy of *body*, which matches the request schema, that servers accept.

    The copy satisfies what a schema cannot express: a valid order of items, outputs
    that answer a call, images that can be decoded, a forced tool that is defined, the
    name *model*, and a small max_output_tokens. All other members stay.

    Usage: `mended({"input": ""}, "magistral-small")["input"]` is "Hello.".
    """
    if not isinstance(body, dict):
        return body
    made: dict[str, Any] = {k: v for k, v in body.items() if k not in _UNSUPPORTED}
    made["model"] = model
    listed = made.get("input")
    made["input"] = items(listed) if isinstance(listed, list) else listed or "Hello."
    limit = made.get("max_output_tokens")
    inside = type(limit) is int and 0 < limit <= MAX_TOKENS
    made["max_output_tokens"] = limit if inside else MAX_TOKENS
    reasoning = made.get("reasoning")
    if isinstance(reasoning, dict) and not is_one_of(reasoning.get("effort"), EFFORTS):
        made.pop("reasoning")
    _define_tools(made)
    _simplify_schema(made)
    return made


def items(listed: list[Json]) -> list[Json]:
    """Return the items of an input in a valid order, the last one a user's message."""
    made: list[Json] = []
    pending = False  # whether the last item is a user's message
    for item in listed:
        if not isinstance(item, dict):
            continue
        role = item.get("role")
        if role == "user" or (is_one_of(role, _INPUT) and not made):
            made.append(_input_message(item))
            pending = role == "user"
        elif role == "assistant" and pending:
            made.append({"role": "assistant", "content": "Yes."})
            pending = False
        elif item.get("type") == "function_call" and pending:
            made += _answered_call(len(made))
            pending = False
    return made if pending else [*made, _HELLO]


def _input_message(item: Mapping[str, Json]) -> Json:
    content = item.get("content")
    if not isinstance(content, list):
        return {"role": item["role"], "content": content or "Hello."}
    parts = [
        repaired
        for part in content
        if (repaired := _part(part, images=item["role"] == "user")) is not None
    ]
    pictures = [p for p in parts if isinstance(p, dict) and "image_url" in p]
    for picture in pictures[MAX_IMAGES:]:
        parts.remove(picture)
    return {"role": item["role"], "content": [*parts] or "Hello."}


def _part(part: Json, *, images: bool) -> Json:
    """Return a part that can be read; None for a file, or text that is empty."""
    if not isinstance(part, dict):
        return None
    if part.get("type") == "input_image" and images:
        return {"type": "input_image", "image_url": PIXEL, "detail": "auto"}
    if isinstance(part.get("text"), str) and part["text"]:
        return {"type": "input_text", "text": part["text"]}
    return None


def _answered_call(number: int) -> list[Json]:
    """Return a call, its output and what the model says to it."""
    call_id = f"call{number:05}"
    return [
        {
            "type": "function_call",
            "call_id": call_id,
            "name": "look",
            "arguments": "{}",
        },
        {"type": "function_call_output", "call_id": call_id, "output": "Done."},
        {"role": "assistant", "content": "So it is."},
    ]


def _define_tools(body: dict[str, Any]) -> None:
    """Give tools valid names and schemas, and remove choices of other tools."""
    tools = body.pop("tools", None)
    made = [
        {
            "type": "function",
            "name": f"look_{number}",
            "parameters": SCHEMA,
        }
        for number, _ in enumerate(tools if isinstance(tools, list) else ())
    ]
    if made:
        body["tools"] = made
    if not made or isinstance(body.get("tool_choice"), dict):
        body.pop("tool_choice", None)


def _simplify_schema(body: dict[str, Any]) -> None:
    """Replace the schema of the answer by one that a model can satisfy."""
    text = body.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    if isinstance(text, dict) and isinstance(form, dict) and "schema" in form:
        body["text"] = {**text, "format": {**form, "name": "result", "schema": SCHEMA}}
