"""The package mistralai: responses, whole and streamed, with their items sent back."""

from __future__ import annotations

import adapter
from mistralai.client import Mistral
from mistralai.client.utils import BackoffStrategy, RetryConfig
from reference_responses import item_of


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
        common["tools"] = [{"type": "function", **tool} for tool in task["tools"]]
    if task["schema"]:
        schema = {"type": "json_schema", "name": "answer", "schema": task["schema"]}
        common["text"] = {"format": schema}
    items, waiting, made = [*map(typed, task["messages"])], list(task["then"]), []
    while True:
        response = ask(client, task, {**common, "input": items})
        calls = [one for one in response.output if one.type == "function_call"]
        made += [
            {"id": c.call_id, "name": c.name, "arguments": c.arguments} for c in calls
        ]
        if calls or waiting:
            items += response.output
        if calls:
            items += [
                {
                    "type": "function_call_output",
                    "call_id": call.call_id,
                    "output": task["tool_results"][call.name],
                }
                for call in calls
            ]
        elif waiting:
            items.append(item_of({"role": "user", "content": waiting.pop(0)}))
        else:
            return {**result_of(response), "tool_calls": made}


def ask(client, task, request):
    """Return the response; of a stream the one with which it ends."""
    if not task["stream"]:
        return client.responses.create(**request)
    for frame in client.responses.create(**request, stream=True):
        event = getattr(frame, "data", frame)
        kind = getattr(event, "type", None)
        if kind in {"response.completed", "response.incomplete"}:
            return event.response
        if kind == "response.failed":
            raise RuntimeError(str(event.response.error))
        if kind == "error":
            raise RuntimeError(event.message)
    raise RuntimeError("the stream ended without a response")


def typed(message):
    """Return a message as an item; the package demands the detail of an image."""
    item = item_of(message)
    for part in item["content"] if isinstance(item["content"], list) else []:
        if part["type"] == "input_image":
            part["detail"] = "auto"
    return item


def result_of(response):
    """Return what the program says of the last response."""
    usage, details = response.usage, response.incomplete_details
    return {
        "answer": joined(response, "message", "output_text"),
        "reasoning": joined(response, "reasoning", "reasoning_text"),
        "finish_reason": details.reason if details else response.status,
        "usage": usage
        and {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
        },
    }


def joined(response, item_type, part_type):
    """Return the joined text of the parts of *part_type* in items of *item_type*."""
    return "".join(
        part.text
        for item in response.output
        if item.type == item_type
        for part in item.content or []
        if part.type == part_type
    )


if __name__ == "__main__":
    adapter.serve(play)
