"""Repair of bodies that match a schema, so that a server can answer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contract.model.chat import Json
from contract.model.strict_json import is_one_of

# A white pixel: the smallest PNG that every decoder accepts.
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4"
    "DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)
# Tokens: enough for an answer, few enough that thousands of requests take a minute.
MAX_TOKENS = 64
# Replaces drawn schemas, which no model may be able to satisfy.
SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
_ROLES = frozenset({"system", "user", "assistant", "tool"})
MAX_IMAGES = 2
# The values that every model accepts.
EFFORTS = ("none", "high")


def mended(body: Json, model: str) -> Json:
    """
    Return a copy of *body*, which matches the request schema, that servers accept.

    The copy satisfies what a schema cannot express: a valid order of roles, tool
    results that answer a call, images that can be decoded, a forced tool that is
    defined, the name *model*, and a small max_tokens. All other members stay.
    """
    if not isinstance(body, dict):
        return body
    made: dict[str, Any] = dict(body)
    for name in UNSUPPORTED:
        made.pop(name, None)
    if not any(made.get("reasoning_effort") == level for level in EFFORTS):
        made.pop("reasoning_effort", None)
    made["model"] = model
    made["messages"] = conversation(made.get("messages"))
    for step in (_limit_tokens, _define_tools, _simplify_schema):
        step(made)
    return made


# Members that require a particular server: an adapter, a cache, another model, a custom
# template, uploaded files.
UNSUPPORTED = frozenset(
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
        "top_prompt_logprobs",
        "vllm_xargs",
    }
)


def conversation(messages: Json) -> list[Json]:
    """Return *messages* as turns in a valid order, the last one a user's."""
    turns: list[Json] = []
    pending = False  # whether the last turn is a user's
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict) or not is_one_of(message.get("role"), _ROLES):
            continue
        if message["role"] == "system" and all(
            _role(turn) == "system" for turn in turns
        ):
            turns.append(_input_turn(message, _system_part))
        elif message["role"] == "user":
            turns.append(_input_turn(message, _user_part))
            pending = True
        elif message["role"] == "assistant" and pending:
            turns += _assistant_turns(message)
            pending = False
    if not pending:
        turns.append({"role": "user", "content": "Hello."})
    return turns


def _role(turn: Json) -> Json:
    return turn["role"] if isinstance(turn, dict) else None


def _input_turn(message: Mapping[str, Json], repair: Callable[[Json], Json]) -> Json:
    content = message.get("content")
    if isinstance(content, list):
        parts = [made for one in content if (made := repair(one)) is not None]
        images = [p for p in parts if isinstance(p, dict) and "image_url" in p]
        for image in images[MAX_IMAGES:]:
            parts.remove(image)
        return {"role": message["role"], "content": [*parts] or "Hello."}
    return {"role": message["role"], "content": content or "Hello."}


def _assistant_turns(message: Mapping[str, Json]) -> list[Json]:
    """Return an assistant turn; tool calls in it are answered and acknowledged."""
    content = message.get("content")
    turn: dict[str, Json] = {
        "role": "assistant",
        "content": content if isinstance(content, str) and content else "Yes.",
    }
    tool_calls = message.get("tool_calls")
    calls: list[Json] = [
        {
            "id": f"call{number:05}",
            "type": "function",
            "function": {"name": "look", "arguments": "{}"},
        }
        for number, _ in enumerate(tool_calls if isinstance(tool_calls, list) else ())
    ]
    if not calls:
        return [turn]
    results: list[Json] = [
        {"role": "tool", "tool_call_id": f"call{number:05}", "content": "Done."}
        for number, _ in enumerate(calls)
    ]
    # In 2025, Mistral's API rejected a user message directly after a tool result.
    note: Json = {"role": "assistant", "content": "So it is."}
    return [{**turn, "tool_calls": calls}, *results, note]


def _system_part(part: Json) -> Json:
    """Keep text only: Magistral's successors reject reasoning in a system message."""
    if isinstance(part, dict) and isinstance(part.get("text"), str) and part["text"]:
        return {"type": "text", "text": part["text"]}
    return None


def _user_part(part: Json) -> Json:
    if isinstance(part, dict) and "image_url" in part:
        url = part["image_url"]
        repaired: Json = {**url, "url": PIXEL} if isinstance(url, dict) else PIXEL
        return {"type": "image_url", "image_url": repaired}
    return _system_part(part)


def _limit_tokens(body: dict[str, Any]) -> None:
    """Set a small max_tokens, and remove options of streams from other requests."""
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if isinstance(value, int | float):
            body[name] = min(value, MAX_TOKENS)
        elif value is not None:  # vLLM accepts digits in a string
            body[name] = MAX_TOKENS
    if "max_completion_tokens" not in body:
        body["max_tokens"] = body.get("max_tokens") or MAX_TOKENS
    if body.get("stream") is not True:
        body.pop("stream_options", None)


def _define_tools(body: dict[str, Any]) -> None:
    """Give tools valid names and schemas, and remove choices of other tools."""
    tools = body.get("tools")
    if not isinstance(tools, list) or isinstance(body.get("tool_choice"), dict):
        body.pop("tool_choice", None)
    if not isinstance(tools, list):
        return
    made = []
    for number, tool in enumerate(tools):
        if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
            named = {"name": f"look_{number}", "parameters": SCHEMA}
            made.append({**tool, "function": {**tool["function"], **named}})
    if made:
        body["tools"] = made
    else:
        body.pop("tools")
        body.pop("tool_choice", None)


def _simplify_schema(body: dict[str, Any]) -> None:
    """Replace the schema of the answer by one that a model can satisfy."""
    form = body.get("response_format")
    if isinstance(form, dict) and isinstance(form.get("json_schema"), dict):
        named = {**form["json_schema"], "schema": SCHEMA}
        body["response_format"] = {**form, "json_schema": named}
