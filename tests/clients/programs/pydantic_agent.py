"""pydantic-ai: an agent with tools, on the model class that is named."""

from __future__ import annotations

import asyncio
import base64
import sys

import adapter
from pydantic_ai import Agent, BinaryContent, StructuredDict, Tool
from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart


def model_of(task):
    if sys.argv[1] == "mistral":
        from pydantic_ai.models.mistral import MistralModel
        from pydantic_ai.providers.mistral import MistralProvider

        provider = MistralProvider(api_key=task["api_key"], base_url=task["server_url"])
        return MistralModel(task["model"], provider=provider)
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=task["base_url"], api_key=task["api_key"])
    return OpenAIChatModel(task["model"], provider=provider)


def play(task):
    return asyncio.run(_play(task))


async def _play(task):
    def tool(description):
        name = description["name"]

        def call(**_arguments):
            return task["tool_results"][name]

        return Tool.from_schema(
            call,
            name=name,
            description=description["description"],
            json_schema=description["parameters"],
        )

    known = ("max_tokens", "temperature", "top_p")
    settings = {k: v for k, v in task["options"].items() if k in known}
    if more := {k: v for k, v in task["options"].items() if k not in known}:
        settings["extra_body"] = more
    first, *rest = task["messages"]
    system = first["content"] if first["role"] == "system" else ()
    prompt = prompt_of((rest or [first])[-1]["content"])
    options = {"output_type": StructuredDict(task["schema"])} if task["schema"] else {}
    agent = Agent(
        model_of(task),
        system_prompt=system,
        tools=[tool(one) for one in task["tools"]],
        model_settings=settings,
        **options,
    )
    history = None
    for text in (prompt, *task["then"]):
        if task["stream"]:
            async with agent.run_stream(text, message_history=history) as run:
                output = await run.get_output()
        else:
            run = await agent.run(text, message_history=history)
            output = run.output
        history = run.all_messages()
    return result_of(history, output)


def prompt_of(content):
    if isinstance(content, str):
        return content
    found = []
    for part in content:
        if part["type"] == "text":
            found.append(part["text"])
        else:
            head, _, data = part["image_url"]["url"].partition(",")
            kind = head.removeprefix("data:").removesuffix(";base64")
            found.append(BinaryContent(base64.b64decode(data), media_type=kind))
    return found


def result_of(history, output):
    last = history[-1]
    if last.kind != "response":
        last = next(m for m in reversed(history) if m.kind == "response")
    calls = [
        {"id": part.tool_call_id, "name": part.tool_name, "arguments": part.args}
        for message in history
        if message.kind == "response"
        for part in message.parts
        if isinstance(part, ToolCallPart) and part.tool_name != "final_result"
    ]
    texts = [part.content for part in last.parts if isinstance(part, TextPart)]
    thoughts = [part.content for part in last.parts if isinstance(part, ThinkingPart)]
    usage = last.usage
    return {
        "answer": "".join(texts) if isinstance(output, str) else output,
        "reasoning": "".join(thoughts),
        "tool_calls": calls,
        "finish_reason": getattr(last, "finish_reason", None),
        "usage": {
            "prompt_tokens": getattr(usage, "input_tokens", None),
            "completion_tokens": getattr(usage, "output_tokens", None),
        },
    }


if __name__ == "__main__":
    adapter.serve(play)
