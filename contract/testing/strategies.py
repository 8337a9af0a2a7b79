"""
Hypothesis strategies for JSON, output pieces and probes, for tests of checks.

Usage: `@given(wire_values)` draws what a server may put in the place of any member, so
that a judge can be shown never to raise; needs the extra `[fuzz]`.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from contract.model import think
from contract.model.chat import (
    Call,
    Image,
    Message,
    Options,
    Piece,
    PieceKind,
    Text,
    Thinking,
    Tool,
    ToolCall,
    merge_pieces,
)
from contract.model.probe import Probe

# JSON values that survive being written and read.
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
# The names that decoders look for, so that arbitrary values reach every branch.
_NAMES = st.sampled_from(
    [
        *("role", "content", "reasoning", "reasoning_content", "tool_calls", "type"),
        *("thinking", "text", "function", "arguments", "index", "id", "name", "url"),
        *("choices", "delta", "message", "usage", "finish_reason", "messages"),
        *("image_url", "tools", "tool_choice", "stop", "stream_options", "closed"),
        *("completion_tokens", "max_tokens", "temperature", "response_format"),
    ]
)
_WORDS = st.sampled_from(["text", "thinking", "image_url", "assistant", "system", ""])
# Values a server may send, often under the names that clients look for.
wire_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | _WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5)
    ),
    max_leaves=20,
)

# Text as it is generated: any character but lone surrogates, and markers cut short.
texts = st.text(max_size=12) | st.sampled_from(["[", "[/", "[THINK", "[/THINK", "]"])
words = st.text(string.ascii_letters + string.digits, min_size=1, max_size=9)


@st.composite
def _calls(draw: st.DrawFn, index: int) -> list[Piece]:
    call_id, name = draw(words), draw(words)
    fragments = draw(st.lists(texts, min_size=1, max_size=4))
    first = Piece(PieceKind.TOOL, fragments[0], call=Call(index, call_id, name))
    rest = [Piece(PieceKind.TOOL, text, call=Call(index)) for text in fragments[1:]]
    return [first, *rest]


@st.composite
def pieces(draw: st.DrawFn) -> tuple[Piece, ...]:
    """The output of one choice: reasoning, answers and calls in any order."""
    said: list[Piece] = []
    calls = 0
    for kind in draw(st.lists(st.sampled_from(PieceKind), max_size=5)):
        if kind is PieceKind.TOOL:
            said += draw(_calls(calls))
            calls += 1
        else:
            said += [Piece(kind, text) for text in draw(st.lists(texts, max_size=4))]
    return tuple(said)


def marked(said: Iterable[Piece]) -> bool:
    """Whether a text contains a marker itself, which tags cannot express."""
    return any(
        think.OPEN in piece.text or think.CLOSE in piece.text
        for piece in merge_pieces(said)
    )


_images = st.builds(
    Image,
    st.binary(max_size=12),
    st.sampled_from(["image/png", "image/jpeg"]),
    detail=st.sampled_from([None, "low", "high", "auto"]),
) | st.builds(Image, url=st.just("https://example.org/a.png"))
_plain = st.text("abc [/\n", min_size=1, max_size=8)
_user = st.builds(
    Message,
    st.just("user"),
    _plain
    | st.lists(st.builds(Text, _plain) | _images, min_size=1, max_size=3).map(tuple),
)
_system = st.builds(
    Message,
    st.just("system"),
    _plain
    | st.builds(
        lambda before, thought, after: (Text(before), Thinking(thought), Text(after)),
        *(_plain, _plain, _plain),
    ),
)
_assistant = st.builds(
    Message,
    st.just("assistant"),
    _plain
    | st.builds(
        lambda thought, said: (Thinking(thought), Text(said)),
        *(_plain, _plain),
    ),
    st.lists(
        st.builds(ToolCall, words, words, st.just('{"city":"Rome"}')), max_size=2
    ).map(tuple),
)
_tool = st.builds(Message, st.just("tool"), _plain, tool_call_id=words)
_prefix = st.builds(Message, st.just("assistant"), _plain, prefix=st.just(True))  # noqa: FBT003  # a strategy for one value
_number = st.floats(0, 1, allow_nan=False)
_options = st.builds(
    Options,
    max_tokens=st.none() | st.integers(1, 99),
    temperature=st.none() | _number,
    top_p=st.none() | st.floats(0.1, 1),
    seed=st.none() | st.integers(0, 99),
    stop=st.lists(words, max_size=3).map(tuple),
    n=st.none() | st.integers(1, 3),
    presence_penalty=st.none() | _number,
    frequency_penalty=st.none() | _number,
    tools=st.lists(
        st.builds(Tool, words, st.just('{"type":"object"}'), words | st.just("")),
        max_size=2,
    ).map(tuple),
    tool_choice=st.sampled_from([None, "auto", "none", "required", "=get_weather"]),
    parallel_tool_calls=st.none() | st.booleans(),
    response_format=st.sampled_from([None, '{"type":"json_object"}']),
)


@st.composite
def probes(draw: st.DrawFn) -> Probe:
    """A chat that every dialect can express, without a switch for reasoning."""
    system = draw(st.lists(_system, max_size=1))
    turns = draw(st.lists(_user | _assistant | _tool, min_size=1, max_size=4))
    last = draw(st.lists(_prefix, max_size=1))
    return Probe(
        name="drawn",
        messages=(*system, *turns, *last),
        options=draw(_options),
        stream=draw(st.booleans()),
        model="m",
    )
