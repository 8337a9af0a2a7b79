"""A client of /v1/responses without any package, which passes every requirement."""

from __future__ import annotations

import gzip
import json

import adapter
from reference import FailedError, events, post


def item_of(message):
    """Return a message of the task as an item of the input."""
    content = message["content"]
    if isinstance(content, list):
        content = [
            {"type": "input_image", "image_url": part["image_url"]["url"]}
            if part["type"] == "image_url"
            else {"type": "input_text", "text": part["text"]}
            for part in content
        ]
    return {"type": "message", "role": message["role"], "content": content}


def ask(task, items):
    """Send one request; return the whole response, assembled if it is streamed."""
    body = {"model": task["model"], "input": items, "store": False, **task["options"]}
    if task["tools"]:
        body["tools"] = [{"type": "function", **tool} for tool in task["tools"]]
    if task["schema"]:
        body["text"] = {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "schema": task["schema"],
            }
        }
    if task["stream"]:
        return streamed(post(task, {**body, "stream": True}, "responses"))
    response = post(task, body, "responses")
    raw = response.read()
    if response.getheader("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    return json.loads(raw)


def streamed(response):
    """Return the response that ends a stream; its deltas have to agree with it."""
    text = ""
    for data in events(response, typed=True):
        event = json.loads(data)
        kind = event.get("type")
        if kind == "response.output_text.delta":
            text += event["delta"]
        elif kind in {"response.completed", "response.incomplete"}:
            assert text == text_of(event["response"])
            return event["response"]
        elif kind == "response.failed":
            raise FailedError(event["response"]["error"]["message"])
        elif kind == "error":
            raise FailedError(event["message"])
    raise FailedError("the stream ended without the event response.completed")


def parts(response, item_type, part_type):
    """Return the joined text of the parts of *part_type* in items of *item_type*."""
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == item_type
        for part in item.get("content") or []
        if part["type"] == part_type
    )


def text_of(response):
    """Return the answer."""
    return parts(response, "message", "output_text")


def result_of(response):
    """Return what the program says of the last response."""
    usage = response.get("usage") or {}
    counts = {
        "prompt_tokens": usage.get("input_tokens"),
        "completion_tokens": usage.get("output_tokens"),
    }
    return {
        "answer": text_of(response),
        "reasoning": parts(response, "reasoning", "reasoning_text"),
        "usage": counts if usage else None,
        "finish_reason": (response.get("incomplete_details") or {}).get("reason")
        or response["status"],
    }


def play(task):
    """Return the result of *task*."""
    items, waiting, made = [*map(item_of, task["messages"])], list(task["then"]), []
    while True:
        response = ask(task, items)
        calls = [one for one in response["output"] if one["type"] == "function_call"]
        made += [
            {"id": c["call_id"], "name": c["name"], "arguments": c["arguments"]}
            for c in calls
        ]
        if calls or waiting:
            known = {"reasoning", "message", "function_call"}
            items += [one for one in response["output"] if one["type"] in known]
        if calls:
            items += [
                {
                    "type": "function_call_output",
                    "call_id": call["call_id"],
                    "output": task["tool_results"][call["name"]],
                }
                for call in calls
            ]
        elif waiting:
            items.append(item_of({"role": "user", "content": waiting.pop(0)}))
        else:
            return {**result_of(response), "tool_calls": made}


if __name__ == "__main__":
    adapter.serve(play)
