"""The package openai: chat.completions, and parse for structured output."""

from __future__ import annotations

import adapter
import openai


def play(task):
    client = openai.OpenAI(base_url=task["base_url"], api_key=task["api_key"])
    common = {"model": task["model"]}
    named = ("max_tokens", "temperature", "top_p")
    common |= {k: v for k, v in task["options"].items() if k in named}
    if extra := {k: v for k, v in task["options"].items() if k not in named}:
        common["extra_body"] = extra
    if task["tools"]:
        common["tools"] = adapter.functions(task)
    if task["schema"]:
        common["response_format"] = adapter.response_format(task)

    def ask(messages):
        if task["stream"]:
            return stream(client, task, {**common, "messages": messages})
        done = client.chat.completions.create(**common, messages=messages)
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
            "message": message_of(message),
        }

    return adapter.converse(task, ask)


def message_of(message):
    """Return what a user sends back: role, content and calls, without what is unset."""
    kept = ("role", "content", "tool_calls")
    dumped = message.model_dump(exclude_none=True, warnings=False)
    return {k: v for k, v in dumped.items() if k in kept}


def thought_of(part):
    """Return the reasoning, for which the package has no name of its own."""
    return getattr(part, "reasoning", None) or getattr(part, "reasoning_content", None)


def stream(client, task, request):
    """Assemble the deltas as the examples of the package do."""
    if not adapter.is_mistral(task):
        # Releases before 1.26 do not know it by name.
        usage = {"stream_options": {"include_usage": True}}
        request["extra_body"] = {**request.get("extra_body", {}), **usage}
    answer, thought, calls, finish, usage = "", "", {}, None, None
    for chunk in client.chat.completions.create(**request, stream=True):
        usage = getattr(chunk, "usage", None) or usage
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        finish = choice.finish_reason or finish
        if choice.delta.content is not None:
            answer += choice.delta.content
        thought += thought_of(choice.delta) or ""
        for call in choice.delta.tool_calls or []:
            one = calls.setdefault(call.index, {"id": "", "name": "", "arguments": ""})
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


if __name__ == "__main__":
    adapter.serve(play)
