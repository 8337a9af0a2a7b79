"""Makes a body that fits the schema a request that a provider can answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contract.model.chat import Json
from contract.model.strict_json import is_one_of

# A white pixel: the smallest PNG that every decoder reads.
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4"
    "DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)
# Enough to say something, little enough that thousands of requests take a minute.
ROOM = 64
# Schemas can demand what nobody can say; this one anybody can follow.
_SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
_SPEAKERS = frozenset({"system", "user", "assistant", "tool"})
_MOST_IMAGES = 2
# Those that every model takes.
_EFFORTS = ("none", "high")


def mended(body: Json, model: str) -> Json:
    """
    A copy of *body*, a chat request that fits its schema, that breaks no other rule.

    What a schema cannot say is put right: who speaks when, that a tool's result
    answers a call, that an image is one, that a forced tool exists, what the model
    is called, and how much may be said. Everything else stays as it was drawn.
    """
    if not isinstance(body, dict):
        return body
    made: dict[str, Any] = dict(body)
    for name in _UNANSWERABLE:
        made.pop(name, None)
    if not any(made.get("reasoning_effort") == level for level in _EFFORTS):
        made.pop("reasoning_effort", None)
    made["model"] = model
    made["messages"] = conversation(made.get("messages"))
    for step in (_spare, _choose, _follow):
        step(made)
    return made


# Each needs something of the server that no schema tells: an adapter, a cache, another
# model, a template of one's own, files it was given before.
_UNANSWERABLE = frozenset(
    {
        "add_generation_prompt",
        "agent_id",
        "allowed_token_ids",
        "bad_words",
        "cache_salt",
        "chat_template",
        "chat_template_kwargs",
        "continue_final_message",
        "documents",
        "echo",
        "generation_config",
        "grammar",
        "guardrails",
        "json_schema",
        "kv_transfer_params",
        "logit_bias",
        "logits_processors",
        "logprobs",
        "media_io_kwargs",
        "min_tokens",
        "mm_processor_kwargs",
        "n",
        "prediction",
        "priority",
        "prompt_logprobs",
        "prompt_mode",
        "response_fields",
        "stop_token_ids",
        "structured_outputs",
        "truncate_prompt_tokens",
        "top_logprobs",
        "vllm_xargs",
    }
)


def conversation(messages: Json) -> list[Json]:
    """*messages* as turns that may follow each other, a user's last."""
    turns: list[Json] = []
    asked = False
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict) or not is_one_of(
            message.get("role"), _SPEAKERS
        ):
            continue
        if message["role"] == "system" and all(
            _role(turn) == "system" for turn in turns
        ):
            turns.append(_kept(message, _instructing))
        elif message["role"] == "user":
            turns.append(_kept(message, _asking))
            asked = True
        elif message["role"] == "assistant" and asked:
            turns += _answered(message)
            asked = False
    if not asked:
        turns.append({"role": "user", "content": "Hello."})
    return turns


def _role(turn: Json) -> Json:
    return turn["role"] if isinstance(turn, dict) else None


def _kept(message: Mapping[str, Json], part: Callable[[Json], Json]) -> Json:
    content = message.get("content")
    if isinstance(content, list):
        parts = [made for one in content if (made := part(one)) is not None]
        pictures = [p for p in parts if isinstance(p, dict) and "image_url" in p]
        for picture in pictures[_MOST_IMAGES:]:
            parts.remove(picture)
        return {"role": message["role"], "content": [*parts] or "Hello."}
    return {"role": message["role"], "content": content or "Hello."}


def _answered(message: Mapping[str, Json]) -> list[Json]:
    """An assistant's turn; the calls in it are answered and taken note of."""
    content = message.get("content")
    turn: dict[str, Json] = {
        "role": "assistant",
        "content": content if isinstance(content, str) and content else "Yes.",
    }
    drawn = message.get("tool_calls")
    calls: list[Json] = [
        {
            "id": f"call{number:05}",
            "type": "function",
            "function": {"name": "look", "arguments": "{}"},
        }
        for number, _ in enumerate(drawn if isinstance(drawn, list) else ())
    ]
    if not calls:
        return [turn]
    results: list[Json] = [
        {"role": "tool", "tool_call_id": f"call{number:05}", "content": "Done."}
        for number, _ in enumerate(calls)
    ]
    # In 2025 no user could speak right after a tool.
    note: Json = {"role": "assistant", "content": "So it is."}
    return [{**turn, "tool_calls": calls}, *results, note]


def _instructing(part: Json) -> Json:
    """Text only: the successors of Magistral take no thought in a system message."""
    if isinstance(part, dict) and isinstance(part.get("text"), str) and part["text"]:
        return {"type": "text", "text": part["text"]}
    return None


def _asking(part: Json) -> Json:
    if isinstance(part, dict) and "image_url" in part:
        url = part["image_url"]
        told: Json = {**url, "url": PIXEL} if isinstance(url, dict) else PIXEL
        return {"type": "image_url", "image_url": told}
    return _instructing(part)


def _spare(body: dict[str, Any]) -> None:
    """Little room for an answer, and options of a stream for streams alone."""
    for name in ("max_tokens", "max_completion_tokens"):
        asked = body.get(name)
        if isinstance(asked, int | float):
            body[name] = min(asked, ROOM)
        elif asked is not None:  # vLLM takes digits in a text
            body[name] = ROOM
    if "max_completion_tokens" not in body:
        body["max_tokens"] = body.get("max_tokens") or ROOM
    if body.get("stream") is not True:
        body.pop("stream_options", None)


def _choose(body: dict[str, Any]) -> None:
    """Tools have names that can be called, and a choice is one among them."""
    tools = body.get("tools")
    if not isinstance(tools, list) or isinstance(body.get("tool_choice"), dict):
        body.pop("tool_choice", None)
    if not isinstance(tools, list):
        return
    made = []
    for number, tool in enumerate(tools):
        if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
            named = {"name": f"look_{number}", "parameters": _SCHEMA}
            made.append({**tool, "function": {**tool["function"], **named}})
    if made:
        body["tools"] = made
    else:
        body.pop("tools")
        body.pop("tool_choice", None)


def _follow(body: dict[str, Any]) -> None:
    """A schema for the answer is one that can be followed."""
    wanted = body.get("response_format")
    if isinstance(wanted, dict) and isinstance(wanted.get("json_schema"), dict):
        named = {**wanted["json_schema"], "schema": _SCHEMA}
        body["response_format"] = {**wanted, "json_schema": named}
