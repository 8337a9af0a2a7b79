"""LangChain: invoke and stream of a chat model, which the first argument names."""

from __future__ import annotations

import sys

import adapter
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)


def model_of(task):
    """Return the chat model of `langchain_mistralai` or of `langchain_openai`."""
    common = {"model": task["model"], "api_key": task["api_key"], "max_retries": 3}
    known = ("max_tokens", "temperature", "top_p")
    common |= {k: v for k, v in task["options"].items() if k in known}
    more = {k: v for k, v in task["options"].items() if k not in known}
    if sys.argv[1] == "mistralai":
        from langchain_mistralai import ChatMistralAI

        return ChatMistralAI(endpoint=task["base_url"], model_kwargs=more, **common)
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        base_url=task["base_url"],
        stream_usage=not adapter.is_mistral(task),
        extra_body=more or None,
        **common,
    )


def play(task):
    model = model_of(task)
    if task["tools"]:
        model = model.bind_tools(adapter.functions(task))
    if task["schema"]:
        schema = {"title": "answer", **task["schema"]}
        structured = model.with_structured_output(schema, method="json_schema")
        return {"answer": structured.invoke(history(task))}

    messages, waiting, made = history(task), list(task["then"]), []
    while True:
        if task["stream"]:
            message = None
            for chunk in model.stream(messages):
                message = chunk if message is None else message + chunk
        else:
            message = model.invoke(messages)
        messages.append(message)
        made += [
            {"id": c["id"], "name": c["name"], "arguments": c["args"]}
            for c in message.tool_calls
        ]
        if message.tool_calls:
            messages += [
                ToolMessage(task["tool_results"][c["name"]], tool_call_id=c["id"])
                for c in message.tool_calls
            ]
        elif waiting:
            messages.append(HumanMessage(waiting.pop(0)))
        else:
            return result_of(message, made)


def result_of(message, made):
    usage = message.usage_metadata or {}
    return {
        "answer": text_of(message),
        "reasoning": thought_of(message),
        "tool_calls": made,
        "finish_reason": message.response_metadata.get("finish_reason"),
        "usage": {
            "prompt_tokens": usage.get("input_tokens"),
            "completion_tokens": usage.get("output_tokens"),
        },
    }


def text_of(message):
    """Return the text of a message, by the property or, before 1.0, the method."""
    text = message.text
    return str(text() if callable(text) and not isinstance(text, str) else text)


def thought_of(message):
    """Return the reasoning among the content blocks, or beside the content."""
    blocks = getattr(message, "content_blocks", None)
    if blocks is None:
        blocks = message.content if isinstance(message.content, list) else []
    found = ""
    for block in blocks:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "reasoning":
            found += block.get("reasoning") or ""
        elif block.get("type") == "thinking":
            inner = block.get("thinking")
            texts = inner if isinstance(inner, list) else [{"text": inner or ""}]
            found += "".join(one.get("text", "") for one in texts)
    return found or message.additional_kwargs.get("reasoning_content")


def history(task):
    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[m["role"]](content=m["content"]) for m in task["messages"]]


if __name__ == "__main__":
    adapter.serve(play)
