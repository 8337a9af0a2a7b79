from __future__ import annotations

import pytest
from hypothesis import given
from support.each import each

from contract.providers.responses.parsing import parse
from contract.providers.responses.writing import write
from contract.testing.strategies import json_values

CALL = {
    "id": "abcdefghi",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
}


def written(*messages):
    return write({"messages": [*messages]})["input"]


def test_an_assistant_turn_becomes_an_item_for_each_of_its_parts():
    turn = {
        "role": "assistant",
        "content": "Hi",
        "reasoning": "hm",
        "tool_calls": [CALL],
    }

    thought, text, call = written(turn)

    assert [thought["type"], text["type"], call["type"]] == [
        "reasoning",
        "message",
        "function_call",
    ]
    assert thought["content"] == [{"type": "reasoning_text", "text": "hm"}]
    assert (call["call_id"], call["arguments"]) == ("abcdefghi", "{}")
    assert len({thought["id"], text["id"], call["id"]}) == 3


def test_a_result_names_its_call():
    (item,) = written({"role": "tool", "tool_call_id": "abcdefghi", "content": "21"})

    assert item == {
        "type": "function_call_output",
        "call_id": "abcdefghi",
        "output": "21",
    }


def test_parts_get_the_types_of_the_surface():
    url = {"type": "image_url", "image_url": {"url": "data:,x"}}

    (item,) = written({"role": "user", "content": [{"type": "text", "text": "a"}, url]})

    assert item["content"] == [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "detail": "auto", "image_url": "data:,x"},
    ]


@pytest.mark.parametrize(
    ("chat", "written"),
    [
        ({"max_tokens": 5}, {"max_output_tokens": 5}),
        ({"max_completion_tokens": 5}, {"max_output_tokens": 5}),
        ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
        ({"stream_options": {"include_usage": True}}, {}),
        ({"n": 2, "unknown": 1}, {"n": 2, "unknown": 1}),
        ({"max_tokens": "ten"}, {"max_output_tokens": "ten"}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            {"text": {"format": {"type": "json_schema", "name": "x"}}},
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            {"tools": [{"type": "function", "name": "f"}]},
        ),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"tool_choice": {"type": "function", "name": "f"}},
        ),
    ],
)
def test_options_are_named_as_on_the_surface(chat, written):
    assert written == write(chat)


@given(json_values)
def test_no_value_makes_a_translation_raise(value):
    write(value)
    parse(value)
    write({"messages": value, "tools": value, "tool_choice": value})
    parse({"input": value, "tools": value, "text": value, "reasoning": value})
    write({"messages": [{"role": "assistant", "content": value, "tool_calls": value}]})
    parse({"input": [{"type": "message", "role": "user", "content": value}]})


@each(
    "messages",
    [
        [{"role": "user", "content": "Hi"}],
        [{"role": "system", "content": "S"}, {"role": "user", "content": "Hi"}],
        [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "abcdefghi", "content": "21"},
        ],
        [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello", "reasoning": "hm"},
            {"role": "user", "content": [{"type": "text", "text": "And?"}]},
        ],
    ],
)
def test_parsing_inverts_writing(messages):
    assert messages == parse(write({"messages": messages}))["messages"]
