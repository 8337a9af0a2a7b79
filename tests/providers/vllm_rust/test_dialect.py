"""The message formats of vLLM's Rust frontend, as recorded with 0.32.0."""

from __future__ import annotations

from pathlib import Path

import orjson

from contract.model.chat import Call, Piece, PieceKind
from contract.model.dialect import Answer, Head, Usage
from contract.providers.vllm_rust.dialect import VLLM_RUST

RECORDED = Path("fixtures/exchanges/vllm-0.32.0-rust")
HEAD = Head("chatcmpl-1", 1_795_790_446, "magistral-small-2509")
OUTPUT = (
    Piece(PieceKind.REASONING, "Okay"),
    Piece(PieceKind.ANSWER, "42"),
)


def recorded(name):
    """The text of the only recorded reply to the request *name*, and what was sent."""
    (path,) = RECORDED.glob(f"{name}-????????????.json")
    saved = orjson.loads(path.read_bytes())
    return "".join(text for _, text in saved["response"]["arrivals"]), saved


def events(text):
    """The JSON of each event of a recorded stream."""
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [orjson.loads(line) for line in lines if line != "[DONE]"]


def members(value):
    """The names of the members of *value*, in order, at every depth."""
    if isinstance(value, dict):
        return [(name, members(inner)) for name, inner in value.items()]
    return [members(value[0])] if isinstance(value, list) and value else None


def test_a_whole_response_has_the_recorded_members():
    text, _ = recorded("hello-unprompted")
    mine = VLLM_RUST.completion(HEAD, (Answer(OUTPUT),), Usage(4, 25, 16))

    assert members(mine) == members(orjson.loads(text))


def test_the_name_of_a_call_comes_without_arguments():
    text, _ = recorded("rhythm-with-tools")
    deltas = [choice["delta"] for event in events(text) for choice in event["choices"]]
    calls = [delta for delta in deltas if "tool_calls" in delta]
    call = Piece(PieceKind.TOOL, '{"city":"Rome"}', call=Call(0, "call_1", "f"))

    assert members([*VLLM_RUST.encode((call,))][1:]) == members(calls)
    assert [members(one) for one in VLLM_RUST.encode((call,))] == [
        members(deltas[0]),
        *map(members, calls),
    ]


def test_a_stream_has_the_recorded_members():
    text, _ = recorded("accept-and-charset")
    found = events(text)
    role, thought = [*VLLM_RUST.encode((Piece(PieceKind.REASONING, "Ok"),))]
    mine = [
        VLLM_RUST.chunk(HEAD, 0, role, None, None),
        VLLM_RUST.chunk(HEAD, 0, thought, None, None),
        VLLM_RUST.chunk(HEAD, 0, {}, "length", Usage(8, 4, 3)),
        VLLM_RUST.usage_chunk(HEAD, Usage(8, 4, 3)),
    ]

    assert [*map(members, mine)] == [members(found[at]) for at in (0, 1, -2, -1)]


def test_a_thought_in_the_system_prompt_is_sent_as_text():
    _, saved = recorded("hello")
    content = saved["request"]["body"]["messages"][0]["content"]

    assert "[THINK]" in content
    assert "[/THINK]" in content


def test_what_it_encodes_it_decodes():
    (choice,) = VLLM_RUST.completion(HEAD, (Answer(OUTPUT),), Usage(3, 4))["choices"]

    assert VLLM_RUST.decode(choice["message"]) == OUTPUT


def test_the_model_list_has_the_recorded_members():
    text, _ = recorded("models")

    assert members(VLLM_RUST.models(("a",), 8_192)) == members(orjson.loads(text))
