"""Changes of replies are total, and do what their sentences say."""

from __future__ import annotations

import gzip
import inspect
import json
import zlib

import pytest

from contract.catalog.profiles import named
from contract.clients import changes
from contract.clients.judging import default_dialects
from contract.clients.scenario import ANSWER, THOUGHT
from contract.clients.stage import KEY
from contract.model.custom import Answers, CustomReply, Entry
from contract.model.exchange import End
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply
from contract.model.wire import Request
from contract.targets.mock import build

SIMPLE = {
    name: value
    for name, value in vars(changes).items()
    if inspect.isfunction(value)
    and value.__module__ == changes.__name__
    and not name.startswith("_")
    and list(inspect.signature(value).parameters) == ["reply"]
}
ASKED = [{"role": "user", "content": "Hello."}]


def reply(dialect, *, stream=False, custom=None, **more):
    custom = custom or CustomReply(thought=THOUGHT, answer=ANSWER)
    mock = build(dialect, key=KEY, answers=Answers((Entry(replies=(custom,)),)))
    path = named(dialect, what="dialect").dialect.path
    asked = {"input": "Hello."} if path == "/v1/responses" else {"messages": ASKED}
    body = {"model": mock.models[0], **asked, "stream": stream, **more}
    if dialect in {"mistral-2026-08", "sglang-0.5"}:
        body["reasoning_effort"] = "high"
    headers = (
        ("authorization", f"Bearer {KEY}"),
        ("content-type", "application/json"),
        ("accept-encoding", "gzip"),
    )
    raw = json.dumps(body).encode()
    return mock.reply(Request("POST", path, headers, raw))


@pytest.mark.parametrize("name", SIMPLE)
def test_a_change_takes_every_reply(name):
    for dialect in (*default_dialects(), "vllm-responses", "mistral-responses"):
        for stream in (False, True):
            sound = reply(dialect, stream=stream)
            for one in (sound, changes.status(500)(sound), changes.empty(403)(sound)):
                assert isinstance(SIMPLE[name](one), Reply)


def texts(changed):
    pieces = decode_reply(changed).pieces
    return [(piece.kind.value, piece.text) for piece in pieces]


def deltas(changed):
    chunks = [chunk.json for chunk in decode_reply(changed).chunks]
    return [
        choice["delta"]
        for chunk in chunks
        if isinstance(chunk, dict)
        for choice in chunk["choices"]
    ]


def test_the_transition_is_in_one_delta_and_nothing_is_lost():
    for dialect in default_dialects():
        sound = reply(dialect, stream=True)
        changed = changes.transition_in_one_delta(sound)
        assert texts(changed) == texts(sound)
        kinds = [
            {piece.kind.value for piece in changed.dialect.decode(delta) if piece.text}
            for delta in deltas(changed)
        ]
        assert {"reasoning", "answer"} in kinds


def test_a_resumed_thought_is_whole():
    sound = reply("vllm", stream=True)
    found = texts(changes.thinks_again(sound))
    joined = {
        kind: "".join(text for one, text in found if one == kind)
        for kind in ("reasoning", "answer")
    }

    assert joined == {"reasoning": THOUGHT, "answer": ANSWER}
    assert len(found) == 4


def test_calls_in_fragments_are_the_same_calls():
    custom = CustomReply(tool_calls=(("now", '{"city": "Rome", "n": 7}'),))
    tools = [{"type": "function", "function": {"name": "now", "parameters": {}}}]
    sound = reply("vllm", stream=True, custom=custom, tools=tools)

    assert texts(changes.in_fragments(sound)) == texts(sound)


def test_the_fields_of_reasoning():
    whole = json.loads(changes.field_renamed(reply("vllm")).body)
    both = json.loads(changes.both_fields(reply("llamacpp")).body)
    message = both["choices"][0]["message"]

    assert whole["choices"][0]["message"]["reasoning_content"] == THOUGHT
    assert message["reasoning"] == message["reasoning_content"] == THOUGHT


def test_compressed_bodies_are_the_same_once_unpacked():
    whole, stream = reply("vllm"), reply("vllm", stream=True)
    unpack = zlib.decompressobj(wbits=31)
    parts = [unpack.decompress(f.data) for f in changes.compressed(stream).frames]

    assert gzip.decompress(changes.compressed(whole).body) == whole.body
    assert parts[: len(stream.frames)] == [frame.data for frame in stream.frames]


def test_how_replies_end():
    stream = reply("vllm", stream=True)

    assert changes.cut(stream).end is End.RESET
    assert changes.truncated(stream).end is End.COMPLETE
    assert b"[DONE]" not in changes.without_done(stream).body
    assert b"[DONE]" not in changes.error_inside(stream).body


def test_statuses_and_their_headers():
    sound = reply("mistral")
    busy = changes.status(429, retry_after=3)(sound)
    dated = dict(changes.busy_until(5)(sound).headers)["retry-after"]

    assert (busy.status, dict(busy.headers)["retry-after"]) == (429, "3")
    assert dated.endswith("GMT")
    assert changes.page(502, "<p>")(sound).body == b"<p>"
    assert changes.chained(changes.status(503), changes.closing)(sound).status == 503


def events_of(reply):
    """The JSON of the events of a stream, or of the body."""
    lines = reply.body.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def test_items_and_events_of_new_types_are_added_to_responses_only():
    chat, whole = reply("vllm-0.32"), reply("vllm-responses")
    stream = reply("vllm-responses", stream=True)
    output = json.loads(changes.unknown_item(whole).body)["output"]
    types = {one["type"] for one in events_of(changes.unknown_events(stream))}

    kinds = ["annotation_2027", "reasoning", "message"]
    assert [item["type"] for item in output] == kinds
    assert "response.annotation_2027.delta" in types
    assert changes.unknown_item(chat).body == chat.body
    assert texts(changes.unknown_events(stream)) == texts(stream)


def test_a_failed_response_keeps_its_head_and_has_an_error():
    sound = reply("vllm-responses", stream=True)
    last = events_of(changes.failed(sound))[-1]

    assert last["type"] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"]["message"]
    assert last["response"]["id"].startswith("resp_")


@pytest.mark.parametrize("stream", [False, True])
def test_the_json_of_responses_is_written_otherwise(stream):
    sound = reply("vllm-responses", stream=stream)
    escaped = changes.escaped_characters(sound)
    lean = changes.nulls_left_out(sound)
    more = changes.unknown_members(sound)

    assert escaped.body.isascii()
    assert b"null" not in lean.body
    assert b"x_debug" in more.body
    for changed in (escaped, lean, more):
        assert texts(changed) == texts(sound)


def test_what_is_cut_or_packed_is_what_a_client_of_responses_gets():
    sound = reply("vllm-responses")
    cut = changes.cut(sound)

    assert b'"output"' in gzip.decompress(changes.compressed(sound).body)
    assert cut.end is End.RESET
    assert cut.body.startswith(b'{"id":"resp_')
