"""Packages with a function `completion` that returns what the package openai does."""

from __future__ import annotations

import adapter


def ask_with(completion, task, common, thought_of):
    """
    Return a function that sends messages with *completion*, for `adapter.converse`.

    *common* are the parameters of each call; *thought_of* returns the reasoning of a
    message or a delta.
    """
    common = dict(common)
    if task["tools"]:
        common["tools"] = adapter.functions(task)
    if task["schema"]:
        common["response_format"] = adapter.response_format(task)

    def ask(messages):
        if task["stream"]:
            request = {**common, "messages": messages, "stream": True}
            if not adapter.is_mistral(task):
                request["stream_options"] = {"include_usage": True}
            return assembled(completion(**request), thought_of)
        done = completion(**common, messages=messages)
        choice = done.choices[0]
        message = choice.message
        return {
            "answer": message.content,
            "reasoning": thought_of(message),
            "tool_calls": [
                {
                    "id": call.id,
                    "name": call.function.name,
                    "arguments": call.function.arguments,
                }
                for call in message.tool_calls or []
            ],
            "finish_reason": choice.finish_reason,
            "usage": adapter.plain(done.usage),
            # The guides send the message object back as it is.
            "message": message,
        }

    return ask


def assembled(chunks, thought_of):
    """Return what a stream of *chunks* holds."""
    answer, thought, calls, finish, usage = "", "", {}, None, None
    for chunk in chunks:
        usage = getattr(chunk, "usage", None) or usage
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        finish = choice.finish_reason or finish
        answer += choice.delta.content or ""
        thought += thought_of(choice.delta) or ""
        for number, call in enumerate(choice.delta.tool_calls or []):
            index = number if call.index is None else call.index
            one = calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
            one["id"] = call.id or one["id"]
            one["name"] = call.function.name or one["name"]
            one["arguments"] += call.function.arguments or ""
    found = list(calls.values())
    message = {"role": "assistant", "content": answer}
    if found:
        message["tool_calls"] = adapter.calls_back(found)
    return {
        "answer": answer,
        "reasoning": thought,
        "tool_calls": found,
        "finish_reason": finish,
        "usage": adapter.plain(usage),
        "message": message,
    }
