"""Requests to `/v1/responses`, parsed into chat requests: the mock's half."""

from __future__ import annotations

from contract.model.chat import Json
from contract.providers.responses.names import NAMES

_CHAT_NAMES = {"max_output_tokens": "max_tokens"}
# Members with another name, and `n`: there is one response, whatever is asked.
_SKIPPED = frozenset(NAMES.values()) | {"instructions", "tools", "tool_choice", "n"}


def parse(body: Json) -> Json:
    """Return the body of a request as that of a chat request; total."""
    if not isinstance(body, dict):
        return body
    chat: dict[str, Json] = {
        _CHAT_NAMES.get(name, name): value
        for name, value in body.items()
        if name not in _SKIPPED or name in _CHAT_NAMES
    }
    if chat.get("top_logprobs") == 0:  # what mistralai sends unasked
        del chat["top_logprobs"]
    if "input" in body:
        chat["messages"] = _messages(body["input"])
    if (instructions := body.get("instructions")) is not None:
        messages = chat.get("messages", [])
        chat["messages"] = [
            {"role": "system", "content": instructions},
            *(messages if isinstance(messages, list) else []),
        ]
    if "tools" in body:
        tools = body["tools"]
        chat["tools"] = (
            [_nested(tool) for tool in tools] if isinstance(tools, list) else tools
        )
    if "tool_choice" in body:
        chat["tool_choice"] = _nested(body["tool_choice"])
    text = body.get("text")
    if isinstance(text, dict) and text.get("format") is not None:
        chat["response_format"] = _format(text["format"])
    reasoning = body.get("reasoning")
    if isinstance(reasoning, dict) and "effort" in reasoning:
        chat["reasoning_effort"] = reasoning["effort"]
    include = body.get("include")
    if isinstance(include, list) and "message.output_text.logprobs" in include:
        chat["logprobs"] = True
    return chat


def _nested(tool: Json) -> Json:
    if not isinstance(tool, dict) or "name" not in tool:
        return tool
    inner = {name: value for name, value in tool.items() if name != "type"}
    return {"type": tool.get("type", "function"), "function": inner}


def _format(value: Json) -> Json:
    if not isinstance(value, dict) or value.get("type") != "json_schema":
        return value
    inner = {name: part for name, part in value.items() if name != "type"}
    return {"type": "json_schema", "json_schema": inner}


def _messages(value: Json) -> Json:
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list):
        return value
    messages: list[Json] = []
    for item in value:
        _add(item, messages)
    return messages


def _add(item: Json, messages: list[Json]) -> None:
    """Add one item; those of one turn of the assistant become one message."""
    if not isinstance(item, dict):
        messages.append(item)
        return
    kind = item.get("type", "message" if "role" in item else None)
    if kind == "reasoning":
        _turn(messages, "reasoning")["reasoning"] = _joined(item.get("content"))
    elif kind == "function_call":
        turn = _turn(messages, "")
        calls = turn.setdefault("tool_calls", [])
        if isinstance(calls, list):
            function: dict[str, Json] = {
                k: item[k] for k in ("name", "arguments") if k in item
            }
            call: dict[str, Json] = {"type": "function", "function": function}
            named = {"id": item["call_id"]} if "call_id" in item else {}
            calls.append({**named, **call})
    elif kind == "function_call_output":
        result: dict[str, Json] = {"role": "tool"}
        if "call_id" in item:
            result["tool_call_id"] = item["call_id"]
        result["content"] = _content(item.get("output"))
        messages.append(result)
    elif kind == "message":
        role = item.get("role")
        message = {k: v for k, v in item.items() if k not in {"type", "id", "status"}}
        message["content"] = _content(item.get("content"))
        message["role"] = "system" if role == "developer" else role
        if role == "assistant" and _waits(messages, "content"):
            turn = _turn(messages, "content")
            turn["content"] = message["content"]
        else:
            messages.append(message)
    else:
        messages.append(item)


def _waits(messages: list[Json], name: str) -> bool:
    """Return whether the last message is a turn of the assistant without *name*."""
    last = messages[-1] if messages else None
    return (
        isinstance(last, dict)
        and last.get("role") == "assistant"
        and last.get(name) is None
        and "tool_calls" not in last
    )


def _turn(messages: list[Json], name: str) -> dict[str, Json]:
    """Return the message of the assistant that an item goes on with."""
    last = messages[-1] if messages else None
    ours = isinstance(last, dict) and last.get("role") == "assistant"
    if isinstance(last, dict) and ours and (not name or _waits(messages, name)):
        return last
    made: dict[str, Json] = {"role": "assistant", "content": None}
    messages.append(made)
    return made


def _joined(content: Json) -> str:
    parts = content if isinstance(content, list) else []
    return "".join(
        text
        for part in parts
        if isinstance(part, dict) and isinstance(text := part.get("text"), str)
    )


def _content(value: Json) -> Json:
    if not isinstance(value, list):
        return value
    parts = [_part(part) for part in value]
    texts = [p.get("text") for p in parts if isinstance(p, dict)]
    only = len(parts) == 1 and isinstance(value[0], dict)
    if only and value[0].get("type") == "output_text" and isinstance(texts[0], str):  # type: ignore[union-attr]  # only says it is an object
        return texts[0]
    return parts


def _part(part: Json) -> Json:
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if kind in {"input_text", "output_text"}:
        rest = {k: v for k, v in part.items() if k not in {"annotations", "logprobs"}}
        return {**rest, "type": "text"}
    if kind == "input_image":
        image: dict[str, Json] = {"url": part.get("image_url")}
        if part.get("detail") not in {None, "auto"}:  # auto is the default
            image["detail"] = part["detail"]
        return {"type": "image_url", "image_url": image}
    return part
