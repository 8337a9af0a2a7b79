"""vLLM's message formats, release by release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.chat import Call, Message, Piece, PieceKind, Text, Thinking
from contract.model.dialect import Head, Usage
from contract.model.probes import SUM
from contract.providers.vllm.dialect import VLLM_0_11, VLLM_0_12, VLLM_0_16

HEAD = Head("chatcmpl-0123456789abcdef", 1_758_153_600, "m")
REASONING = (Piece(PieceKind.REASONING, "Hm"),)
BOTH = {"reasoning": "Hm", "reasoning_content": "Hm"}


@pytest.mark.parametrize(
    ("dialect", "delta"),
    [
        (VLLM_0_11, {"reasoning_content": "Hm"}),
        (VLLM_0_12, BOTH),
        (VLLM_0_16, {"reasoning": "Hm"}),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_reasoning_has_the_field_of_its_release(dialect, delta):
    assert delta == list(dialect.encode(REASONING))[1]
    assert REASONING == dialect.decode(delta)


def test_second_reasoning_field_is_null_without_reasoning():
    """As recorded with 0.12.0 and 0.15.1."""
    first, second = VLLM_0_12.encode([Piece(PieceKind.ANSWER, "42")])

    assert {"role": "assistant", "content": "", "reasoning_content": None} == first
    assert {"content": "42", "reasoning_content": None} == second


def test_same_text_in_both_fields_is_decoded_once():
    assert REASONING == VLLM_0_12.decode(BOTH)


def test_field_of_another_release_is_not_read():
    assert () == VLLM_0_11.decode({"reasoning": "Hm"})
    assert () == VLLM_0_16.decode({"reasoning_content": "Hm"})


def test_calls_are_sent_in_fragments():
    output = (
        Piece(PieceKind.TOOL, '{"', call=Call(0, "wKel3FF9F", "get_weather")),
        Piece(PieceKind.TOOL, "city", call=Call(0)),
    )
    _, first, second = VLLM_0_16.encode(output)

    assert {
        "tool_calls": [
            {
                "id": "wKel3FF9F",
                "type": "function",
                "index": 0,
                "function": {"name": "get_weather", "arguments": '{"'},
            }
        ]
    } == first
    assert {"tool_calls": [{"index": 0, "function": {"arguments": "city"}}]} == second


def test_absent_reasoning_and_content_are_null():
    message = VLLM_0_16.message(())

    assert (None, None) == (message["content"], message["reasoning"])
    assert "tool_calls" not in message
    assert [] == VLLM_0_11.message(())["tool_calls"]


def test_usage_chunk_has_no_choices_and_counts_the_reasoning():
    new = VLLM_0_16.usage_chunk(HEAD, Usage(10, 7, 3))
    old = VLLM_0_11.usage_chunk(HEAD, Usage(10, 7, 3))

    assert [] == new["choices"] == old["choices"]
    assert {"reasoning_tokens": 3} == new["usage"]["completion_tokens_details"]
    assert "completion_tokens_details" not in old["usage"]


def test_thinking_chunks_hold_a_string():
    _, thinking, _ = VLLM_0_16.request(VLLM_0_16.prepare(SUM), "m")["messages"][0][
        "content"
    ]

    assert {
        "type": "thinking",
        "thinking": "Your thoughts, as long as needed.",
    } == thinking


def test_open_reasoning_is_marked_as_such():
    unclosed = Message("system", (Thinking("a", closed=False), Text("b")))
    body = VLLM_0_16.request(replace(SUM, messages=(unclosed,)), "m")

    assert body["messages"][0]["content"][0]["closed"] is False
    assert (unclosed,) == VLLM_0_16.parse(body).messages


def test_replayed_reasoning_has_a_field_or_a_chunk():
    replayed = Message("assistant", (Thinking("Hm"), Text("42")))
    probe = replace(SUM, messages=(*SUM.messages, replayed, *SUM.messages))
    new = VLLM_0_16.request(probe, "m")["messages"][1]
    old = VLLM_0_11.request(probe, "m")["messages"][1]

    assert {"role": "assistant", "content": "42", "reasoning": "Hm"} == new
    assert [
        {"type": "thinking", "thinking": "Hm"},
        {"type": "text", "text": "42"},
    ] == old["content"]


def test_final_message_is_continued_by_the_body():
    prefix = Message("assistant", "The answer", prefix=True)
    body = VLLM_0_16.request(replace(SUM, messages=(*SUM.messages, prefix)), "m")

    assert body["continue_final_message"] is True
    assert body["add_generation_prompt"] is False
    assert "prefix" not in body["messages"][-1]
    assert prefix == VLLM_0_16.parse(body).messages[-1]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('{"city": "Rome"}', '{"city": "Rome"}'),
        ('{"city": "Ro', "{}"),
        ("", "{}"),
        ("[" * 100_000, "{}"),
    ],
    ids=["json", "cut", "empty", "deep"],
)
def test_replayed_arguments_that_are_not_json_are_replaced(sent, read):
    call = {"id": "abcdefghi", "function": {"name": "get_weather", "arguments": sent}}
    body = {"messages": [{"role": "assistant", "tool_calls": [call]}]}

    (message,) = VLLM_0_16.parse(body).messages

    assert read == message.tool_calls[0].arguments
