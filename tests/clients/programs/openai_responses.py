"""The package openai: responses, whole and streamed, with their items sent back."""

from __future__ import annotations

import adapter
import openai
from reference_responses import item_of


def play(task):
    client = openai.OpenAI(base_url=task["base_url"], api_key=task["api_key"])
    named = ("max_output_tokens", "temperature", "top_p", "reasoning")
    common = {"model": task["model"], "store": False}
    common |= {k: v for k, v in task["options"].items() if k in named}
    if extra := {k: v for k, v in task["options"].items() if k not in named}:
        common["extra_body"] = extra
    if task["tools"]:
        common["tools"] = [
            {"type": "function", "strict": False, **tool} for tool in task["tools"]
        ]
    if task["schema"]:
        schema = {"type": "json_schema", "name": "answer", "schema": task["schema"]}
        common["text"] = {"format": schema}
    items, waiting, made = [*map(item_of, task["messages"])], list(task["then"]), []
    while True:
        response = ask(client, task, {**common, "input": items})
        calls = [one for one in response.output if one.type == "function_call"]
        made += [
            {"id": c.call_id, "name": c.name, "arguments": c.arguments} for c in calls
        ]
        if calls or waiting:
            items += [one.model_dump(exclude_none=True) for one in response.output]
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
            items.append({"role": "user", "content": waiting.pop(0)})
        else:
            return {**result_of(response), "tool_calls": made}


def ask(client, task, request):
    """Return the response; of a stream the one with which it ends."""
    if not task["stream"]:
        return client.responses.create(**request)
    for event in client.responses.create(**request, stream=True):
        if event.type in {"response.completed", "response.incomplete"}:
            return event.response
        if event.type == "response.failed":
            raise RuntimeError(event.response.error.message)
        if event.type == "error":
            raise RuntimeError(event.message)
    raise RuntimeError("the stream ended without a response")


def result_of(response):
    """Return what the program says of the last response."""
    usage = response.usage
    details = response.incomplete_details
    return {
        "answer": response.output_text,
        "reasoning": "".join(
            part.text
            for item in response.output
            if item.type == "reasoning"
            for part in item.content or []
        ),
        "finish_reason": details.reason if details else response.status,
        "usage": usage
        and {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
        },
    }


if __name__ == "__main__":
    adapter.serve(play)
