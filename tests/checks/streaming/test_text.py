from __future__ import annotations

from dataclasses import replace

import pytest

from contract.checks.streaming import text
from contract.model.check import NotApplicable
from contract.model.exchange import DONE, Arrival
from contract.model.probes import TOOL
from contract.model.reply import encode_json


def test_a_stream_with_text_passes(stream, good):
    assert [] == list(text.carries_text.judge(stream(good)))


@pytest.mark.parametrize("kept", [0, 1])
def test_a_stream_without_text_is_found(kept, stream, good):
    (found,) = text.carries_text.judge(stream((*good[:kept], DONE)))

    assert found.message == "the stream has no text and no tool call"


@pytest.mark.parametrize(
    ("options", "judged"),
    [
        ({"max_tokens": 0.0}, False),
        ({"max_completion_tokens": 1}, False),
        ({"max_tokens": 64}, True),
    ],
)
def test_a_stream_cut_before_any_text_is_not_judged(options, judged, stream, chunk):
    """llama.cpp sends such a stream if the one token it may have is held back."""
    seen = stream([chunk({}, "length")], sent=encode_json(options))

    if judged:
        assert [*text.carries_text.judge(seen)]
    else:
        with pytest.raises(NotApplicable, match="hold back"):
            next(text.carries_text.judge(seen))


def test_a_stream_with_a_tool_call_passes(stream, chunk):
    call = {"index": 0, "id": "a", "function": {"name": "now", "arguments": ""}}

    seen = stream([chunk({"tool_calls": [call]}, "tool_calls")])

    assert [] == list(text.carries_text.judge(seen))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(rb"Gr\ufffd\ufffdsse", id="replaced"),
        pytest.param(rb"\ud83d", id="half-a-pair"),
    ],
)
def test_a_damaged_character_is_found(content, stream, good):
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'

    (found,) = text.utf8_intact.judge(stream((good[0], raw % content, *good[5:])))

    assert found.at == "event 1, +0.020 s"


@pytest.mark.parametrize(
    ("texts", "finish", "findings"),
    [
        pytest.param(["日", "\ufffd"], "length", 0, id="cut-in-a-character"),
        pytest.param(["日", "\ufffd"], "stop", 1, id="finished"),
        pytest.param(["\ufffd", "日"], "length", 1, id="before-the-cut"),
    ],
)
def test_only_the_last_character_may_be_cut_by_max_tokens(
    texts, finish, findings, stream, chunk
):
    chunks = [chunk({"content": text}) for text in texts]
    seen = stream([*chunks, chunk({}, finish)])

    assert findings == len(list(text.utf8_intact.judge(seen)))


def test_bytes_cut_inside_a_character_are_found(stream, chunk):
    raw = '{"choices":[{"index":0,"delta":{"content":"ü"}}]}'.encode()
    halves = [b"data: " + raw.replace(b"\xbc", b"") + b"\n\n"]

    found = list(text.utf8_intact.judge(stream([chunk({}), *halves])))

    assert "an event is not UTF-8" in [finding.message for finding in found]


def test_whole_characters_pass_in_any_split_of_the_body(stream, chunk):
    seen = stream([chunk({"content": "日本語 👋🏽"}, "stop")])
    (first,) = seen.arrivals
    cut = replace(seen, arrivals=tuple(Arrival(0.1, bytes([b])) for b in first.data))

    assert [] == list(text.utf8_intact.judge(cut))
    assert "日本語 👋🏽" == cut.answer


def test_ascii_text_is_not_judged(stream, good):
    with pytest.raises(NotApplicable, match="more than one byte"):
        list(text.utf8_intact.judge(stream(good)))


@pytest.fixture
def whole(stream, good):
    """`whole(**message)` is the same answer in one body."""

    def whole(**message):
        made = stream(good, media_type="application/json")
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        data = encode_json({"choices": [choice]})
        return replace(made, arrivals=(Arrival(0.1, data),))

    return whole


def test_outer_white_space_is_ignored(stream, good, whole):
    seen = whole(reasoning="Six times seven.\n", content=" It is 42.")

    assert [] == list(text.equals_whole.judge(stream(good), seen))


@pytest.mark.parametrize(
    ("message", "name"),
    [
        pytest.param({"reasoning": "", "content": "It is 42."}, "reasoning", id="lost"),
        pytest.param(
            {"reasoning": "Six times seven.", "content": "It's 42."},
            "answer",
            id="other",
        ),
    ],
)
def test_a_difference_is_found(message, name, stream, good, whole):
    (found,) = text.equals_whole.judge(stream(good), whole(**message))

    assert found.message == f"the streamed {name} differs from the non-streamed {name}"


def test_two_responses_without_text_are_not_judged(stream, good, whole):
    with pytest.raises(NotApplicable):
        list(text.equals_whole.judge(stream(good[:1]), whole(content="")))


def call(text, **members):
    return {"function": {"arguments": text}, **members}


@pytest.fixture
def calls(stream, chunk):
    """`calls(*deltas, finish=…)` is a stream of tool call fragments."""

    def calls(*deltas, finish="tool_calls"):
        events = [chunk({"tool_calls": [delta]}) for delta in deltas]
        return stream([*events, chunk({}, finish)], probe=TOOL)

    return calls


def start(text, **members):
    return {
        "type": "function",
        "function": {"name": "now", "arguments": text},
        **members,
    }


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param([start('{"a":1}', index=0, id="x")], id="whole"),
        pytest.param(
            [start("{", index=0, id="x"), call('"a":1', index=0), call("}", index=0)],
            id="fragments",
        ),
        pytest.param(
            [
                start("{", index=0, id="x"),
                start("{", index=1, id="y"),
                call("}", index=0),
                call("}", index=1),
            ],
            id="two-interleaved",
        ),
        pytest.param(
            [start("{}", index=0, id="x"), start("{}", index=0, id="y")],
            id="two-under-one-index",
        ),
    ],
)
def test_fragments_that_join_pass(deltas, calls):
    assert [] == list(text.tool_fragments_join.judge(calls(*deltas)))


@pytest.mark.parametrize(
    ("deltas", "message"),
    [
        pytest.param(
            [start("{", index=0, id="x")], "call 0 are not a JSON object", id="cut"
        ),
        pytest.param(
            [start('"a"', index=0, id="x")], "call 0 are not a JSON object", id="text"
        ),
        pytest.param(
            [{"index": 0, "id": "x", "function": {"arguments": "{}"}}],
            "call 0 has no name",
            id="nameless",
        ),
    ],
)
def test_fragments_that_do_not_join_are_found(deltas, message, calls):
    (found,) = text.tool_fragments_join.judge(calls(*deltas))

    assert message in found.message


def test_a_call_cut_off_by_the_limit_is_not_judged(calls):
    seen = calls(start("{", index=0, id="x"), finish="length")

    with pytest.raises(NotApplicable, match="cut"):
        list(text.tool_fragments_join.judge(seen))


def test_a_stream_without_a_call_is_not_judged(stream, good):
    with pytest.raises(NotApplicable, match="no tool"):
        list(text.tool_fragments_join.judge(stream(good)))
