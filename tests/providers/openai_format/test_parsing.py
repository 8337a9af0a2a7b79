"""Parsing of recorded responses and of unusual requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.catalog.profiles import builtin
from contract.model.chat import (
    Call,
    Image,
    Message,
    Piece,
    PieceKind,
    Text,
    Thinking,
    ToolCall,
)
from contract.model.saved import load
from contract.providers.openai_format import parsing
from contract.providers.openai_format.request_body import MessageFormat, ReasoningFormat

EXCHANGES = Path(__file__).parents[3] / "fixtures" / "exchanges"
TAGS = MessageFormat(reasoning=ReasoningFormat.TAGS)
LIST = MessageFormat(
    reasoning=ReasoningFormat.LIST, seed="random_seed", asks_usage=False
)

VLLM = "recorded-vllm-0.32/"
LLAMACPP = "recorded-llamacpp-b11434/"
TEMPLATE = "recorded-transformers-5.23-response-template/"
OKAY = "Okay, let me think: six times seven makes forty-two."
CAREFUL = "Okay, the user asks something simple: let me think about it carefully."
WEATHER = "I need to call the weather function now"


def recorded(name):
    saved = json.loads((EXCHANGES / f"{name}.json").read_text("utf-8"))
    return load(saved, builtin()[saved["profile"]])


@pytest.mark.parametrize(
    ("name", "reasoning", "answer", "finish"),
    [
        (VLLM + "chat_default", OKAY, "The answer is 42", "stop"),
        (VLLM + "stream_usage", OKAY, "The answer is 42", "stop"),
        # One delta holds the end of the reasoning and the beginning of the answer.
        (VLLM + "stream_stop", OKAY, "The answer ", "stop"),
        (VLLM + "stream_length_in_reasoning", "Hmm, wait,", "", "length"),
        (VLLM + "chat_bare", "", "Hello without any reasoning.", "stop"),
        (
            LLAMACPP + "chat_plain",
            CAREFUL + "\n",
            "The answer is **42**, voilà ✅.",
            "stop",
        ),
        (
            LLAMACPP + "chat_stream_usage",
            CAREFUL + "\n",
            "The answer is **42**, voilà ✅.",
            "stop",
        ),
        (LLAMACPP + "empty_answer_stream", "", "", "stop"),
        (TEMPLATE + "chat_plain", CAREFUL, "The answer is **42**, voilà ✅.", "stop"),
        (
            TEMPLATE + "chat_stream_usage",
            CAREFUL + "\n",
            "The answer is **42**, voilà ✅.",
            "stop",
        ),
        (
            TEMPLATE + "open_think_max_tokens_12",
            "hmm wait hmm wait hmm wait hmm",
            "",
            "length",
        ),
    ],
)
def test_recorded_responses_have_the_known_text(name, reasoning, answer, finish):
    exchange = recorded(name)

    assert (reasoning, answer, finish) == (
        exchange.reasoning,
        exchange.answer,
        exchange.finish,
    )


@pytest.mark.parametrize(
    ("name", "reasoning", "arguments"),
    [
        (VLLM + "tools_auto", "I should call the weather tool.", '{"city": "Rome"}'),
        (VLLM + "stream_tools", "I should call the weather tool.", '{"city": "Rome"}'),
        (LLAMACPP + "tools_auto", WEATHER, '{ "city":"Paris"}'),
        (LLAMACPP + "tools_auto_stream", WEATHER, '{ "city":"Paris"}'),
        (TEMPLATE + "tools_auto", WEATHER, '{"city": "Paris"}'),
        (TEMPLATE + "tools_auto_stream", WEATHER, '{"city": "Paris"}'),
    ],
)
def test_recorded_calls_have_their_name_and_arguments(name, reasoning, arguments):
    exchange = recorded(name)
    calls = [piece for piece in exchange.pieces if piece.kind is PieceKind.TOOL]

    assert reasoning == exchange.reasoning
    assert [(0, "get_weather", arguments)] == [
        (piece.call.index, piece.call.name, piece.text) for piece in calls
    ]
    assert calls[0].call.id


def test_recorded_parallel_calls_are_separate():
    exchange = recorded(TEMPLATE + "tools_parallel")

    assert ['{"city": "Paris"}', '{"city": "Lyon"}'] == [
        piece.text for piece in exchange.pieces if piece.kind is PieceKind.TOOL
    ]


def test_recorded_choices_are_separate():
    exchange = recorded(VLLM + "stream_n2")

    assert {0: ("stop",), 1: ("stop",)} == exchange.finishes
    assert "Roll." == exchange.text_of(PieceKind.REASONING, 0)
    assert "2" == exchange.text_of(PieceKind.ANSWER, 1)


SAVED = sorted(EXCHANGES.glob("recorded-*/*.json"))


def test_there_are_recordings():
    assert len(SAVED) > 100


def test_no_recording_makes_parsing_raise():
    profiles = builtin()
    for path in SAVED:
        saved = json.loads(path.read_text("utf-8"))
        exchange = load(saved, profiles[saved["profile"]])
        body = exchange.sent

        assert isinstance(exchange.pieces, tuple), path.name
        assert exchange.profile.dialect.parse(body), path.name


ANSWER = Piece(PieceKind.ANSWER, "42")


@pytest.mark.parametrize(
    ("part", "pieces"),
    [
        pytest.param(None, (), id="null"),
        pytest.param({"content": ""}, (), id="empty text"),
        pytest.param({"content": "42"}, (ANSWER,), id="text"),
        pytest.param(
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                    {"type": "text", "text": "42"},
                ]
            },
            (Piece(PieceKind.REASONING, "Hm"), ANSWER),
            id="thinking as a list",
        ),
        pytest.param(
            {"content": [{"type": "thinking", "thinking": "Hm", "closed": True}]},
            (Piece(PieceKind.REASONING, "Hm"),),
            id="thinking as a string",
        ),
        pytest.param(
            {"content": [{"type": "thinking", "thinking": []}]}, (), id="transition"
        ),
        pytest.param(
            {
                "content": [
                    {"type": "hologram", "text": "no"},
                    {"type": "text", "text": "42"},
                    {"type": "text", "text": None},
                    "loose",
                ]
            },
            (ANSWER,),
            id="unknown chunks",
        ),
        pytest.param(
            {"tool_calls": [{"function": {"name": "f", "arguments": {"a": "é"}}}]},
            (Piece(PieceKind.TOOL, '{"a":"é"}', call=Call(0, None, "f")),),
            id="arguments as an object",
        ),
        pytest.param(
            {"tool_calls": [{"index": 2, "id": "x"}, None, {"id": 5}]},
            (
                Piece(PieceKind.TOOL, "", call=Call(2, "x")),
                Piece(PieceKind.TOOL, "", call=Call(2)),
            ),
            id="calls without functions",
        ),
        pytest.param({"tool_calls": "none"}, (), id="calls that are not a list"),
    ],
)
def test_parts_become_pieces(part, pieces):
    assert pieces == parsing.pieces(part, ())


def test_first_reasoning_field_with_text_counts():
    both = {"reasoning": "Hm", "reasoning_content": "Hm"}
    names = ("reasoning", "reasoning_content")

    assert (Piece(PieceKind.REASONING, "Hm"),) == parsing.pieces(both, names)
    assert (Piece(PieceKind.REASONING, "Hm"),) == parsing.pieces(
        {"reasoning": None, "reasoning_content": "Hm"}, names
    )
    assert () == parsing.pieces(both, ())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("42", "42", id="none"),
        pytest.param("", "", id="empty"),
        pytest.param(
            "a[THINK]b[/THINK]c",
            (Text("a"), Thinking("b"), Text("c")),
            id="in the middle",
        ),
        pytest.param(
            "[THINK]b[/THINK][THINK]c",
            (Thinking("b"), Thinking("c", closed=False)),
            id="the last one open",
        ),
        pytest.param("a[/THINK]b", "a[/THINK]b", id="a stray end"),
    ],
)
def test_tagged_text_becomes_parts(text, parts):
    assert parts == parsing.untagged(text)


def test_markers_of_a_user_stay_text():
    body = {"messages": [{"role": "user", "content": "[THINK]x[/THINK]"}]}

    assert "[THINK]x[/THINK]" == parsing.probe(body, TAGS).messages[0].content


@pytest.mark.parametrize(
    ("value", "image"),
    [
        pytest.param(
            {"url": "data:image/png;base64,AAEC", "detail": "low"},
            Image(b"\0\1\2", detail="low"),
            id="object",
        ),
        pytest.param(
            "data:image/webp;base64,AAEC", Image(b"\0\1\2", "image/webp"), id="text"
        ),
        pytest.param(
            {"url": "data:image/png;base64,@@@@"},
            Image(url="data:image/png;base64,@@@@"),
            id="bad base64",
        ),
        pytest.param(
            {"url": "data:image/png,abc"},
            Image(url="data:image/png,abc"),
            id="not base64",
        ),
        pytest.param(
            {"url": "https://example.org/x"},
            Image(url="https://example.org/x"),
            id="web",
        ),
        pytest.param(None, Image(url=""), id="nothing"),
    ],
)
def test_images_are_bytes_or_a_url(value, image):
    assert image == parsing.image(value)


def test_replayed_calls_are_parsed():
    entry = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "a", "function": {"name": "f", "arguments": {"city": "Rome"}}}
        ],
    }
    expected = Message("assistant", None, (ToolCall("a", "f", '{"city":"Rome"}'),))

    assert (expected,) == parsing.probe({"messages": [entry]}, LIST).messages


@pytest.mark.parametrize(
    ("member", "option", "value"),
    [
        ({"tool_choice": "any"}, "tool_choice", "required"),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            "tool_choice",
            "=f",
        ),
        ({"stop": "x"}, "stop", ("x",)),
        ({"random_seed": 7, "seed": 8}, "seed", 7),
        ({"max_tokens": 5.0}, "max_tokens", 5),
        ({"max_tokens": 5.5}, "max_tokens", None),
        ({"max_tokens": True}, "max_tokens", None),
        ({"response_format": {"type": "text"}}, "response_format", '{"type":"text"}'),
        ({"prompt_mode": None}, "prompt_mode", None),
    ],
)
def test_options_are_parsed(member, option, value):
    assert value == getattr(parsing.probe(member, LIST).options, option)
