"""Requests to `/v1/responses`, written from chat requests: the client's half."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from contract.model.chat import Json
from contract.providers.responses.names import NAMES, PART_TYPES

# Members that say nothing here: usage is sent unasked, and there is one spelling of
# the switch of reasoning.
_DROPPED = frozenset({"stream_options", "prompt_mode"})


def write(body: Json) -> Json:
    """
    Return the body of a chat request as one of `/v1/responses`; total.

    What has no counterpart (`n`, `stop`, a member that is not known) keeps its name,
    and a value of the wrong type stays one.
    """
    if not isinstance(body, dict):
        return body
    written: dict[str, Json] = {}
    for name, value in body.items():
        if name in _DROPPED:
            continue
        written.update(_member(name, value))
    return written


def _member(  # noqa: PLR0911  # one for each name
    name: str, value: Json
) -> dict[str, Json]:
    if name == "messages":
        return {"input": _input(value)}
    if name == "tools" and isinstance(value, list):
        return {"tools": [_tool(tool) for tool in value]}
    if name == "tool_choice":
        return {"tool_choice": _choice(value)}
    if name == "response_format":
        return {"text": {"format": _format(value)}}
    if name == "reasoning_effort":
        return {"reasoning": {"effort": value}}
    if name == "logprobs":
        return {"include": ["message.output_text.logprobs"]} if value is True else {}
    return {NAMES.get(name, name): value}


def _input(messages: Json) -> Json:
    if not isinstance(messages, list):
        return messages
    numbers = count(1)
    items: list[Json] = []
    for message in messages:
        items += _items(message, numbers)
    return items


def _items(message: Json, numbers: Iterator[int]) -> Iterator[Json]:
    """Yield the items that one message becomes: reasoning, text, calls."""
    if not isinstance(message, dict):
        yield message
        return
    role, content = message.get("role"), message.get("content")
    if role == "tool":
        yield _result(message)
        return
    if role != "assistant":
        yield _message(message)
        return
    for name in ("reasoning", "reasoning_content"):
        if isinstance(text := message.get(name), str) and text:
            yield _reasoning(text, next(numbers))
            break
    parts = content if isinstance(content, list) else []
    thoughts = [p for p in parts if isinstance(p, dict) and p.get("type") == "thinking"]
    for thought in thoughts:
        yield _reasoning(_thought(thought.get("thinking")), next(numbers))
    if thoughts:
        content = [part for part in parts if part not in thoughts]
    calls = message.get("tool_calls")
    if content or not ((isinstance(calls, list) and calls) or thoughts):
        yield _answer(content, next(numbers))
    for call in calls if isinstance(calls, list) else ():
        yield _call(call, next(numbers))


def _thought(thinking: Json) -> str:
    if isinstance(thinking, str):
        return thinking
    return "".join(
        text
        for part in (thinking if isinstance(thinking, list) else ())
        if isinstance(part, dict) and isinstance(text := part.get("text"), str)
    )


def _reasoning(text: str, number: int) -> Json:
    return {
        "type": "reasoning",
        "id": f"rs_{number}",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": text}],
    }


def _answer(content: Json, number: int) -> Json:
    """Return an assistant message: with an id and output_text where it has text."""
    if not isinstance(content, str):
        texts = content if isinstance(content, list) else None
        if texts is None:
            return {"type": "message", "role": "assistant", "content": content}
        parts = [_part(part, "output_text") for part in texts]
    else:
        parts = [{"type": "output_text", "text": content}]
    for part in parts:
        if isinstance(part, dict) and part.get("type") == "output_text":
            part["annotations"] = []
    return {
        "type": "message",
        "id": f"msg_{number}",
        "role": "assistant",
        "status": "completed",
        "content": parts,
    }


def _message(message: dict[str, Json]) -> Json:
    content = message.get("content")
    if isinstance(content, list):
        content = [_part(part, "input_text") for part in content]
    others = {k: v for k, v in message.items() if k not in {"role", "content"}}
    head = {k: message[k] for k in ("role",) if k in message}
    body = {"content": content} if "content" in message else {}
    return {"type": "message", **head, **body, **others}


def _part(part: Json, text: str) -> Json:
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if kind == "text":
        return {**part, "type": text}
    if kind == "image_url":
        image = part.get("image_url")
        written: dict[str, Json] = {"type": PART_TYPES["image_url"], "detail": "auto"}
        if isinstance(image, dict):
            written |= {"image_url": image.get("url")}
            if image.get("detail") is not None:
                written["detail"] = image["detail"]
        else:
            written["image_url"] = image
        return written
    return part


def _call(call: Json, number: int) -> Json:
    if not isinstance(call, dict):
        return call
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    written: dict[str, Json] = {"type": "function_call", "id": f"fc_{number}"}
    members = {
        "call_id": call.get("id"),
        "name": function.get("name"),
        "arguments": function.get("arguments"),
    }
    return written | {name: part for name, part in members.items() if part is not None}


def _result(message: dict[str, Json]) -> Json:
    output = message.get("content")
    if isinstance(output, list):
        output = [_part(part, "input_text") for part in output]
    written: dict[str, Json] = {"type": "function_call_output"}
    if "tool_call_id" in message:
        written["call_id"] = message["tool_call_id"]
    if "content" in message:
        written["output"] = output
    return written


def _tool(tool: Json) -> Json:
    """Return a tool without the level `function`."""
    if not isinstance(tool, dict) or not isinstance(tool.get("function"), dict):
        return tool
    rest = {name: value for name, value in tool.items() if name != "function"}
    function = tool["function"]
    return {**rest, **(function if isinstance(function, dict) else {})}


def _choice(choice: Json) -> Json:
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        return _tool(choice)
    return choice


def _format(value: Json) -> Json:
    """Return a response format without the level `json_schema`."""
    if not isinstance(value, dict) or not isinstance(value.get("json_schema"), dict):
        return value
    inner = value["json_schema"]
    rest = {name: part for name, part in value.items() if name != "json_schema"}
    return {**rest, **(inner if isinstance(inner, dict) else {})}
