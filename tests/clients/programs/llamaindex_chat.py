"""LlamaIndex: chat, stream_chat and chat_with_tools of the class that is named."""

from __future__ import annotations

import sys

import adapter
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool, ToolMetadata
from pydantic import create_model


def model_of(task):
    known = ("max_tokens", "temperature")
    common = {k: v for k, v in task["options"].items() if k in known}
    more = {k: v for k, v in task["options"].items() if k not in known}
    common |= {"model": task["model"], "api_key": task["api_key"], "max_retries": 3}
    if sys.argv[1] == "mistralai":
        from llama_index.llms.mistralai import MistralAI

        return MistralAI(endpoint=task["server_url"], additional_kwargs=more, **common)
    from llama_index.llms.openai_like import OpenAILike

    return OpenAILike(
        api_base=task["base_url"],
        is_chat_model=True,
        is_function_calling_model=True,
        context_window=128_000,
        additional_kwargs={"extra_body": more} if more else {},
        **common,
    )


def play(task):
    model = model_of(task)
    messages, waiting, made = history(task), list(task["then"]), []
    tools = [tool_of(task, one) for one in task["tools"]]
    while True:
        if tools:
            options = {"tools": tools, "chat_history": messages}
            if task["stream"]:
                *_, response = model.stream_chat_with_tools(**options)
            else:
                response = model.chat_with_tools(**options)
            calls = model.get_tool_calls_from_response(
                response, error_on_no_tool_call=False
            )
        else:
            calls = []
            if task["stream"]:
                *_, response = model.stream_chat(messages)
            else:
                response = model.chat(messages)
        messages.append(response.message)
        made += [
            {"id": c.tool_id, "name": c.tool_name, "arguments": c.tool_kwargs}
            for c in calls
        ]
        if calls:
            messages += [
                ChatMessage(
                    role="tool",
                    content=task["tool_results"][c.tool_name],
                    additional_kwargs={"tool_call_id": c.tool_id, "name": c.tool_name},
                )
                for c in calls
            ]
        elif waiting:
            messages.append(ChatMessage(role="user", content=waiting.pop(0)))
        else:
            return {
                "answer": response.message.content,
                "reasoning": thought_of(response.message),
                "tool_calls": made,
            }


def thought_of(message):
    found = "".join(
        getattr(block, "content", None) or ""
        for block in message.blocks
        if getattr(block, "block_type", "") == "thinking"
    )
    return found or message.additional_kwargs.get("thinking")


def tool_of(task, description):
    name = description["name"]
    types = {"string": str, "integer": int}
    fields = {
        key: (types[value["type"]], ...)
        for key, value in description["parameters"]["properties"].items()
    }

    def call(**_arguments):
        return task["tool_results"][name]

    metadata = ToolMetadata(
        name=name,
        description=description["description"],
        fn_schema=create_model(name, **fields),
    )
    return FunctionTool(call, metadata)


def history(task):
    found = []
    for message in task["messages"]:
        content = message["content"]
        if isinstance(content, str):
            found.append(ChatMessage(role=message["role"], content=content))
            continue
        blocks = [
            TextBlock(text=part["text"])
            if part["type"] == "text"
            else ImageBlock(url=part["image_url"]["url"])
            for part in content
        ]
        found.append(ChatMessage(role=message["role"], blocks=blocks))
    return found


if __name__ == "__main__":
    adapter.serve(play)
