"""Request bodies in the format that the providers share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.chat import Image, Message, Text, Thinking, ToolCall
from contract.model.probes import SUM, TOOL, WEATHER
from contract.providers.openai_format import request_body
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat

TAGS = MessageFormat(reasoning=ReasoningFormat.TAGS)
LIST = MessageFormat(reasoning=ReasoningFormat.LIST, seed="random_seed", forced="any")


def test_only_what_is_set_is_sent():
    assert {
        "model": "m",
        "messages": [{"role": "user", "content": SUM.messages[0].content}],
        "max_tokens": 2_048,
        "temperature": 0.0,
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    } == request_body.body(SUM, "m", TAGS)


def test_tools_are_functions():
    tool = request_body.body(TOOL, "m", TAGS)["tools"][0]

    assert "function" == tool["type"]
    assert WEATHER.name == tool["function"]["name"]
    assert ["city"] == tool["function"]["parameters"]["required"]


@pytest.mark.parametrize(
    ("choice", "encoded"),
    [
        ("auto", "auto"),
        ("required", "any"),
        ("=f", {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_tool_choices_are_encoded(choice, encoded):
    probe = replace(TOOL, options=replace(TOOL.options, tool_choice=choice))

    assert encoded == request_body.body(probe, "m", LIST)["tool_choice"]


@pytest.mark.parametrize(
    ("message", "entry"),
    [
        pytest.param(
            Message("user", (Text("q"), Image(b"\0\1\2", detail="low"))),
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "q"},
                    {
                        "type": "image_url",
                        "image_url": {
                            "url": "data:image/png;base64,AAEC",
                            "detail": "low",
                        },
                    },
                ],
            },
            id="image",
        ),
        pytest.param(
            Message("assistant", None, (ToolCall("a", "f", "{}"),)),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "a",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                    }
                ],
            },
            id="call",
        ),
        pytest.param(
            Message("tool", "21", tool_call_id="a"),
            {"role": "tool", "content": "21", "tool_call_id": "a"},
            id="result",
        ),
        pytest.param(
            Message("assistant", "The", prefix=True),
            {"role": "assistant", "content": "The", "prefix": True},
            id="prefix",
        ),
        pytest.param(
            Message("assistant", (Thinking("a", closed=False),)),
            {"role": "assistant", "content": "[THINK]a"},
            id="open reasoning",
        ),
    ],
)
def test_messages_are_encoded(message, entry):
    body = request_body.body(replace(SUM, messages=(message,)), "m", TAGS)

    assert [entry] == body["messages"]
