"""Request bodies of chat completions, parametrised by a message format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from contract.model import think
from contract.model.chat import Image, Json, Message, Options, Part, Text, Thinking
from contract.model.probe import Probe


class ReasoningFormat(StrEnum):
    """The form of reasoning inside a message."""

    LIST = "list"  # a thinking chunk that holds a list of text chunks
    STRING = "string"  # a thinking chunk that holds a string
    TAGS = "tags"  # text between markers, in one string with its neighbours


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFormat:
    """The differences between the request bodies of the providers."""

    # The form of reasoning in `content`.
    reasoning: ReasoningFormat
    # Members in which an assistant message replays its reasoning: the first is written,
    # all are read. Empty: the reasoning stays in `content`.
    history: tuple[str, ...] = ()
    # Name of the seed.
    seed: str = "seed"
    # The `tool_choice` that forces a call.
    forced: str = "required"
    # Whether a message to be continued has `prefix: true`; otherwise the body has
    # `continue_final_message: true`.
    prefix: bool = True
    # Whether usage in a stream must be requested with `stream_options`.
    asks_usage: bool = True


def body(probe: Probe, model: str, message_format: MessageFormat) -> dict[str, Json]:
    """Return the request body of *probe* for *model*, without its patches."""
    encoded: dict[str, Json] = {
        "model": model,
        "messages": [_message(message, message_format) for message in probe.messages],
        **dict(_options(probe.options, message_format)),
    }
    if probe.stream:
        encoded["stream"] = True
        if message_format.asks_usage and probe.options.usage:
            encoded["stream_options"] = {"include_usage": True}
    if not message_format.prefix and probe.messages and probe.messages[-1].prefix:
        encoded["add_generation_prompt"] = False
        encoded["continue_final_message"] = True
    return encoded


def _options(
    options: Options, message_format: MessageFormat
) -> Iterator[tuple[str, Json]]:
    plain = {
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "top_p": options.top_p,
        message_format.seed: options.seed,
        "n": options.n,
        "logprobs": None if options.logprobs is None else True,
        "top_logprobs": options.logprobs or None,
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
        yield "tool_choice", _tool_choice(options.tool_choice, message_format)
    if options.response_format is not None:
        yield "response_format", json.loads(options.response_format)


def _tool_choice(choice: str, message_format: MessageFormat) -> Json:
    if choice.startswith("="):
        return {"type": "function", "function": {"name": choice[1:]}}
    return message_format.forced if choice == "required" else choice


def _message(message: Message, message_format: MessageFormat) -> dict[str, Json]:
    encoded: dict[str, Json] = {"role": message.role}
    reasoning = [part for part in message.parts if isinstance(part, Thinking)]
    if reasoning and message.role == "assistant" and message_format.history:
        rest = tuple(p for p in message.parts if not isinstance(p, Thinking))
        encoded["content"] = _without_reasoning(rest, message_format)
        encoded[message_format.history[0]] = "".join(part.text for part in reasoning)
    else:
        encoded["content"] = _content(message, message_format)
    if message.tool_calls:
        encoded["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        encoded["tool_call_id"] = message.tool_call_id
    if message.prefix and message_format.prefix:
        encoded["prefix"] = True
    return encoded


def _without_reasoning(parts: tuple[Part, ...], message_format: MessageFormat) -> Json:
    """Return the content beside the reasoning: null, plain text, or chunks."""
    if not parts:
        return None
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_chunk(part, message_format) for part in parts]


def _content(message: Message, message_format: MessageFormat) -> Json:
    if message.content is None or isinstance(message.content, str):
        return message.content
    parts = message.content
    has_reasoning = any(isinstance(part, Thinking) for part in parts)
    has_images = any(isinstance(part, Image) for part in parts)
    tagged_text = message_format.reasoning is ReasoningFormat.TAGS
    if tagged_text and has_reasoning and not has_images:
        # One string, because chat templates read only the first chunk of a list.
        return "".join(tagged(part) for part in parts if not isinstance(part, Image))
    return [_chunk(part, message_format) for part in parts]


def tagged(part: Text | Thinking) -> str:
    """Return a part as text, reasoning between markers."""
    if isinstance(part, Text):
        return part.text
    return think.OPEN + part.text + (think.CLOSE if part.closed else "")


def _chunk(part: Part, message_format: MessageFormat) -> dict[str, Json]:
    if isinstance(part, Image):
        image: dict[str, Json] = {"url": part.uri}
        if part.detail is not None:
            image["detail"] = part.detail
        return {"type": "image_url", "image_url": image}
    if isinstance(part, Text) or message_format.reasoning is ReasoningFormat.TAGS:
        return {"type": "text", "text": tagged(part)}
    thinking: Json = part.text
    if message_format.reasoning is ReasoningFormat.LIST:
        thinking = [{"type": "text", "text": part.text}] if part.text else []
    chunk: dict[str, Json] = {"type": "thinking", "thinking": thinking}
    return chunk if part.closed else {**chunk, "closed": False}
