"""The package mistralai: chat.complete and chat.stream, messages sent back as given."""

from __future__ import annotations

import adapter

try:
    from mistralai.client import Mistral
except ImportError:  # before 2.0
    from mistralai import Mistral
try:
    from mistralai.client.utils import BackoffStrategy, RetryConfig
except ImportError:
    from mistralai.utils import BackoffStrategy, RetryConfig


def play(task):
    # The package repeats nothing unless it is told to.
    retries = RetryConfig(
        "backoff",
        BackoffStrategy(100, 2_000, 1.5, 6_000),
        retry_connection_errors=False,
    )
    client = Mistral(
        api_key=task["api_key"], server_url=task["server_url"], retry_config=retries
    )
    common = {"model": task["model"], **task["options"]}
    if task["tools"]:
        common["tools"] = adapter.functions(task)
    if task["schema"]:
        common["response_format"] = adapter.response_format(task)

    def ask(messages):
        if task["stream"]:
            return stream(client, {**common, "messages": messages})
        done = client.chat.complete(**common, messages=messages)
        choice = done.choices[0]
        thought, answer = content_of(choice.message.content)
        return {
            "answer": answer,
            "reasoning": thought,
            "tool_calls": calls_of(choice.message.tool_calls),
            "finish_reason": choice.finish_reason,
            "usage": adapter.plain(done.usage),
            "message": choice.message,
        }

    return adapter.converse(task, ask)


def content_of(content):
    """Return the reasoning and the text of a content, a text or a list of chunks."""
    if not isinstance(content, list):
        return "", content if isinstance(content, str) else ""
    thought = answer = ""
    for chunk in content:
        kind = getattr(chunk, "type", None)
        if kind == "thinking":
            thought += "".join(getattr(c, "text", "") for c in chunk.thinking)
        elif kind == "text":
            answer += chunk.text
    return thought, answer


def calls_of(calls):
    return [
        {
            "id": call.id,
            "name": call.function.name,
            "arguments": call.function.arguments,
        }
        for call in (calls if isinstance(calls, list) else [])
    ]


def stream(client, request):
    answer, thought, calls, finish, usage = "", "", {}, None, None
    chunks = []
    for event in client.chat.stream(**request):
        usage = event.data.usage or usage
        for choice in event.data.choices[:1]:
            more, text = content_of(choice.delta.content)
            thought, answer = thought + more, answer + text
            if isinstance(choice.delta.content, list):
                chunks += choice.delta.content
            finish = choice.finish_reason or finish
            for call in calls_of(choice.delta.tool_calls):
                calls[call["id"]] = call
    found = list(calls.values())
    content = answer
    if thought:
        inner = [{"type": "text", "text": thought}]
        content = [{"type": "thinking", "thinking": inner}]
        content += [{"type": "text", "text": answer}] if answer else []
    message = {"role": "assistant", "content": content}
    if found:
        message["tool_calls"] = [
            {
                "id": call["id"],
                "function": {"name": call["name"], "arguments": call["arguments"]},
            }
            for call in found
        ]
    return {
        "answer": answer,
        "reasoning": thought,
        "tool_calls": found,
        "finish_reason": str(finish) if finish else None,
        "usage": adapter.plain(usage),
        "message": message,
    }


if __name__ == "__main__":
    adapter.serve(play)
