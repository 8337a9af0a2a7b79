"""How a probe is spelled as a chat completion body; the providers differ in data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from contract.model import think
from contract.model.chat import (
    Image,
    Json,
    Message,
    Options,
    Part,
    Probe,
    Text,
    Thinking,
)


class ThoughtFormat(StrEnum):
    """How the reasoning inside a message travels."""

    LIST = "list"  # a thinking chunk that holds a list of text chunks
    STRING = "string"  # a thinking chunk that holds a string
    TAGS = "tags"  # text between the markers, in one string with its neighbours


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFormat:
    """
    What differs between the request bodies of the providers.

    `history` names the fields in which an assistant message replays its thought:
    the first is written, all are read; without any the thought stays in `content`.
    `forced` is the tool choice that demands a call. `prefix` says whether a message
    to be continued carries `prefix: true`; otherwise the body says
    `continue_final_message`. `asks_usage` says whether usage in a stream must be
    asked for with `stream_options`.
    """

    thought: ThoughtFormat
    history: tuple[str, ...] = ()
    seed: str = "seed"
    forced: str = "required"
    prefix: bool = True
    asks_usage: bool = True


def body(probe: Probe, model: str, spelling: MessageFormat) -> dict[str, Json]:
    """*probe* as a request body; patches are applied later, not here."""
    spelled: dict[str, Json] = {
        "model": model,
        "messages": [_message(message, spelling) for message in probe.messages],
        **dict(_options(probe.options, spelling)),
    }
    if probe.stream:
        spelled["stream"] = True
        if spelling.asks_usage and probe.options.usage:
            spelled["stream_options"] = {"include_usage": True}
    if not spelling.prefix and probe.messages and probe.messages[-1].prefix:
        spelled["add_generation_prompt"] = False
        spelled["continue_final_message"] = True
    return spelled


def _options(options: Options, spelling: MessageFormat) -> Iterator[tuple[str, Json]]:
    plain = {
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "top_p": options.top_p,
        spelling.seed: options.seed,
        "n": options.n,
        "presence_penalty": options.presence_penalty,
        "frequency_penalty": options.frequency_penalty,
        "parallel_tool_calls": options.parallel_tool_calls,
        "prompt_mode": options.prompt_mode,
        "reasoning_effort": options.reasoning_effort,
    }
    for name, value in plain.items():
        if value is not None:
            yield name, value
    if options.stop:
        yield "stop", list(options.stop)
    if options.tools:
        tools: list[Json] = []
        for tool in options.tools:
            function: dict[str, Json] = {"name": tool.name}
            if tool.description:
                function["description"] = tool.description
            function["parameters"] = json.loads(tool.parameters)
            tools.append({"type": "function", "function": function})
        yield "tools", tools
    if options.tool_choice is not None:
        yield "tool_choice", _tool_choice(options.tool_choice, spelling)
    if options.response_format is not None:
        yield "response_format", json.loads(options.response_format)


def _tool_choice(choice: str, spelling: MessageFormat) -> Json:
    if choice.startswith("="):
        return {"type": "function", "function": {"name": choice[1:]}}
    return spelling.forced if choice == "required" else choice


def _message(message: Message, spelling: MessageFormat) -> dict[str, Json]:
    spelled: dict[str, Json] = {"role": message.role}
    thoughts = [part for part in message.parts if isinstance(part, Thinking)]
    if thoughts and message.role == "assistant" and spelling.history:
        rest = tuple(p for p in message.parts if not isinstance(p, Thinking))
        spelled["content"] = _rest(rest, spelling)
        spelled[spelling.history[0]] = "".join(part.text for part in thoughts)
    else:
        spelled["content"] = _content(message, spelling)
    if message.tool_calls:
        spelled["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        spelled["tool_call_id"] = message.tool_call_id
    if message.prefix and spelling.prefix:
        spelled["prefix"] = True
    return spelled


def _rest(parts: tuple[Part, ...], spelling: MessageFormat) -> Json:
    """What an assistant says beside its thought: null, plain text, or chunks."""
    if not parts:
        return None
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_chunk(part, spelling) for part in parts]


def _content(message: Message, spelling: MessageFormat) -> Json:
    if message.content is None or isinstance(message.content, str):
        return message.content
    parts = message.content
    thinks = any(isinstance(part, Thinking) for part in parts)
    shows = any(isinstance(part, Image) for part in parts)
    if spelling.thought is ThoughtFormat.TAGS and thinks and not shows:
        # One string, because chat templates read only the first chunk of a list.
        return "".join(tagged(part) for part in parts if not isinstance(part, Image))
    return [_chunk(part, spelling) for part in parts]


def tagged(part: Text | Thinking) -> str:
    """A part as text, a thought between the markers."""
    if isinstance(part, Text):
        return part.text
    return think.OPEN + part.text + (think.CLOSE if part.closed else "")


def _chunk(part: Part, spelling: MessageFormat) -> dict[str, Json]:
    if isinstance(part, Image):
        image: dict[str, Json] = {"url": part.uri}
        if part.detail is not None:
            image["detail"] = part.detail
        return {"type": "image_url", "image_url": image}
    if isinstance(part, Text) or spelling.thought is ThoughtFormat.TAGS:
        return {"type": "text", "text": tagged(part)}
    thinking: Json = part.text
    if spelling.thought is ThoughtFormat.LIST:
        thinking = [{"type": "text", "text": part.text}] if part.text else []
    chunk: dict[str, Json] = {"type": "thinking", "thinking": thinking}
    return chunk if part.closed else {**chunk, "closed": False}
