"""A folded stream reads like the stream, however its text is divided into deltas."""

from __future__ import annotations

import copy
import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.catalog.providers import dialects
from contract.model.chat import PieceKind, merge_pieces
from contract.model.exchange import Arrival, Exchange
from contract.model.folding import PADDING, TEXTS, Chunk, Run, walk
from contract.model.probes import SUM
from contract.model.profile import Profile
from contract.model.timing import Mark
from contract.model.wire import build_request
from contract.providers.inline.dialect import INLINE
from contract.providers.mistral.dialect import MISTRAL_2026_08
from contract.providers.vllm.dialect import VLLM_0_16
from contract.testing.strategies import wire_values

DIALECTS = dialects()
SSE = (("content-type", "text/event-stream"),)


def exchange(events, dialect=VLLM_0_16, each=1):
    """The exchange of a stream whose *events* arrive *each* at a time."""
    profile = Profile(id=dialect.id, dialect=dialect)
    data = [f"data: {event}\n\n".encode() for event in events]
    parts = [b"".join(data[n : n + each]) for n in range(0, len(data), each)]
    return Exchange(
        probe=SUM,
        profile=profile,
        request=build_request(SUM, profile, "m"),
        status=200,
        headers=SSE,
        arrivals=tuple(Arrival(0.5 * n, part) for n, part in enumerate(parts)),
        elapsed=9.0,
    )


def chunk(delta, finish=None, index=0, **more):
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "a", "created": 5, "choices": [choice], **more}


def thought(text, **more):
    part = {"type": "text", "text": text}
    return chunk({"content": [{"type": "thinking", "thinking": [part], **more}]})


def of_choice(placed, index):
    return merge_pieces(piece for _, piece in placed if piece.choice == index)


def texts(reply):
    return [piece.text for _, piece in reply.folded_pieces]


words = st.sampled_from(["", "a", " b", "[TH", "INK]", "[/THINK]", "é", "\ud83d", "["])
members = st.sampled_from(["content", "reasoning", "reasoning_content", "refusal"])
heads = st.sampled_from(
    [
        *({}, {}, {}, {"id": "b"}, {"id": 2**70}, {"id": True}, {"created": 5.0}),
        *({"p": "xy"}, {"p": "z"}, {"obfuscation": 3}, {"usage": {"total_tokens": 3}}),
        *({"usage": None}, {"error": {"message": "no"}}, {"created": 10**19}),
        *({"n": 1}, {"n": True}, {"p": 3}),
    ]
)
deltas = st.one_of(
    st.dictionaries(members, words | wire_values, max_size=2),
    st.builds(lambda text: {"content": text}, words),
    st.builds(lambda text: {"reasoning": text, "reasoning_content": text}, words),
    st.builds(lambda role, text: {"role": role, "content": text}, words, words),
    st.builds(lambda text: thought(text)["choices"][0]["delta"], words),
    st.builds(lambda v: thought("x", closed=v)["choices"][0]["delta"], wire_values),
    wire_values,
)
chunks = st.builds(
    lambda delta, finish, index, head: json.dumps(chunk(delta, finish, index, **head)),
    deltas,
    st.sampled_from([None] * 6 + ["stop", "", 0]),
    st.sampled_from([0] * 8 + [1] * 4 + [True, None, 0.0]),
    heads,
)
# A few chunks, each several times in a row or in turns, and what interrupts them.
others = st.sampled_from(["[DONE]", "ping", "", "[]", "{}", '{"choices":[]}', "3"])
streams = st.lists(
    st.tuples(chunks | others, st.integers(1, 3)), min_size=1, max_size=8
).map(lambda runs: [event for event, times in runs for _ in range(times)]) | st.lists(
    st.lists(chunks, min_size=1, max_size=3), min_size=1, max_size=3
).map(lambda parts: [event for turn in parts for event in turn * 3])


@given(
    events=streams,
    dialect=st.sampled_from([*DIALECTS.values()]),
    each=st.integers(1, 3),
)
@example(
    events=[json.dumps(chunk({"content": text})) for text in ("[TH", "INK]", "x", "[")],
    dialect=INLINE,
    each=1,
)
@example(
    events=[json.dumps(chunk({"content": "a"}, index=n)) for n in (1, True)],
    dialect=VLLM_0_16,
    each=1,
)
def test_a_folded_stream_reads_like_the_stream(events, dialect, each):
    reply = exchange(events, dialect, each)
    marks = {}
    for held, piece in reply.placed_pieces:
        if piece.text:
            mark = Mark(held.at, piece.kind, held.event)
            marks.setdefault((held.event, piece.kind), mark)
    finishes = {}
    for _, choice in reply.choices:
        index = choice.get("index")
        reasons = finishes.setdefault(index if isinstance(index, int) else 0, [])
        if isinstance(choice.get("finish_reason"), str):
            reasons.append(choice["finish_reason"])

    for index in {piece.choice for _, piece in reply.placed_pieces} | {0}:
        assert of_choice(reply.placed_pieces, index) == of_choice(
            reply.folded_pieces, index
        )
    assert tuple(marks.values()) == reply.timing.marks
    assert [mark.at for mark in marks.values()] == list(reply.text_times)
    assert {index: tuple(found) for index, found in finishes.items()} == reply.finishes
    assert reply.usages == tuple(
        (held, held.json["usage"])
        for held in reply.chunks
        if isinstance(held.json, dict) and isinstance(held.json.get("usage"), dict)
    )
    for kind in PieceKind:
        for index in (0, 1):
            assert reply.text_of(kind, index) == "".join(
                piece.text
                for _, piece in reply.placed_pieces
                if (piece.kind, piece.choice) == (kind, index)
            )


@given(events=streams, each=st.integers(1, 3))
def test_events_are_counted_and_told_apart(events, each):
    reply = exchange(events, each=each)
    objects = {held.event for held in reply.chunks if isinstance(held.json, dict)}
    done = [n for n, event in enumerate(reply.events) if event.data == "[DONE]"]

    assert reply.event_count == len(reply.events) == len(events)
    assert done == list(reply.sentinels)
    assert list(reply.strays) == [
        n for n in range(len(events)) if n not in objects and n not in done
    ]


@given(
    events=streams,
    dialect=st.sampled_from([*DIALECTS.values()]),
    rest=st.integers(0, 2),
)
def test_a_few_chunks_are_judged_where_the_text_does_not_matter(events, dialect, rest):
    reply = exchange(events, dialect)

    def accepts(value):
        # Any function of everything but the text and the value of the padding.
        return zlib.crc32(json.dumps(shape(value)).encode()) % 3 != rest

    assert reply.rejected("all", accepts) == reply.rejected("few", accepts, blind=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(chunk({"content": "a"}, n=1), chunk({"content": "b"}, n=True)),
        pytest.param(chunk({"content": "a"}), chunk({"content": "b"}, p="x")),
        pytest.param(chunk({"content": "a"}, p="x"), chunk({"content": "b"})),
        pytest.param(chunk({"content": "a"}, p="x"), chunk({"content": "b"}, p=3)),
        pytest.param(thought("a"), thought("b", closed=False)),
    ],
    ids=["true-is-1", "padded", "no-longer-padded", "padding", "closed"],
)
def test_what_only_looks_alike_is_judged_by_itself(before, after):
    reply = exchange(map(json.dumps, (before, after)), MISTRAL_2026_08)
    unwanted = json.dumps(shape(after))

    def accepts(value):
        return json.dumps(shape(value)) != unwanted

    assert [after] == [c.json for c in reply.rejected("all", accepts, blind=True)]


def shape(value, member=None):
    """JSON with the same word for each text in a delta, and each padding."""
    if isinstance(value, dict):
        return {name: shape(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part, member) for part in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    blank = {*TEXTS, *PADDING, "text", "thinking"}
    return "…" if isinstance(value, str) and value and member in blank else value


@given(events=streams, wanted=st.sampled_from(["a", " b", "x"]))
def test_every_chunk_is_judged_once_as_it_was_sent(events, wanted):
    reply = exchange(events)
    seen = []

    def accepts(value):
        seen.append(copy.deepcopy(value))
        return wanted not in json.dumps(value)

    rejected = reply.rejected("wanted", accepts)

    assert [held for held in reply.chunks if wanted in json.dumps(held.json)] == list(
        rejected
    )
    assert rejected == reply.rejected("wanted", accepts)
    assert rejected == replace(reply).rejected("other", accepts)
    assert all(held.json in seen for held in reply.chunks)
    assert exchange(events).pieces == reply.pieces


@given(value=wire_values, other=wire_values)
def test_no_value_makes_a_template_raise(value, other):
    for first in (value, chunk(value), {"choices": value}, chunk({"content": "a"})):
        run = Run.of(Chunk(0, 0.0, first))
        if run is not None:
            for second in (other, chunk(other), thought(other), copy.deepcopy(first)):
                text = run.text(second)
                assert text is None or isinstance(text, str)


def same(*values, dialect=VLLM_0_16):
    """How many chunks of a stream of these JSON values are left."""
    return len(exchange(map(json.dumps, values), dialect).folded)


A, B = chunk({"content": "a"}), chunk({"content": "b"})
ROLE = chunk({"role": "assistant", "content": "a"})


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((A, B), id="content"),
        pytest.param((A, {**B, "p": "x"}, {**B, "obfuscation": "yz"}), id="padding"),
        pytest.param((ROLE, ROLE), id="role"),
        pytest.param((thought("a"), thought("b", closed=True)), id="thought"),
    ],
)
def test_chunks_that_differ_in_text_alone_become_one(values):
    assert 1 == same(*values, dialect=MISTRAL_2026_08)


def test_choices_that_take_turns_are_folded_apart():
    turns = [chunk({"content": text}, index=n) for text in "abc" for n in (0, 1)]
    reply = exchange([json.dumps(value) for value in turns])

    assert ["abc", "abc"] == texts(reply)
    assert list(range(6)) == [mark.event for mark in reply.timing.marks]


def test_nothing_is_moved_before_a_chunk_of_its_own():
    other = chunk({"content": "b"}, "stop", index=1)
    reply = exchange([json.dumps(value) for value in (A, other, A)])

    assert ["a", "b", "a"] == texts(reply)


def test_text_in_two_fields_stays_in_both():
    both = [
        chunk({"reasoning": text, "reasoning_content": text}) for text in ("a", "b")
    ]
    (held,) = exchange(map(json.dumps, both)).folded

    assert {"reasoning": "ab", "reasoning_content": "ab"} == (
        held.json["choices"][0]["delta"]
    )


def test_thought_stays_a_list():
    values = [thought("a"), thought("b", closed=True)]
    (held,) = exchange(map(json.dumps, values), MISTRAL_2026_08).folded

    assert thought("ab") == held.json


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((A, {**B, "id": "b"}), id="other id"),
        pytest.param((A, {**B, "extra": 1}), id="another member"),
        pytest.param((A, chunk({"reasoning": "b"})), id="other field"),
        pytest.param((A, chunk({"content": ""})), id="no text"),
        pytest.param((A, chunk({"content": "b"}, "stop")), id="finish"),
        pytest.param((chunk({}, "stop"), A, B), id="after a finish"),
        pytest.param((A, chunk({"content": "b"}, index=1)), id="other choice"),
        pytest.param((chunk({"content": "a"}, index=True), A), id="index no number"),
        pytest.param((ROLE, chunk({"role": "user", "content": "b"})), id="other role"),
        pytest.param((chunk({"role": "user", "content": "b"}),) * 2, id="wrong role"),
        pytest.param(({**A, "usage": {}},) * 2, id="usage"),
        pytest.param(({**A, "created": 2**64},) * 2, id="huge number"),
        pytest.param((chunk({"content": 1}),) * 2, id="no text at all"),
        pytest.param((chunk({"refusal": "a"}),) * 2, id="not decoded"),
        pytest.param((chunk({"content": "a", "reasoning": "a"}),) * 2, id="two kinds"),
        pytest.param((thought("a", more=1),) * 2, id="more in a thought"),
        pytest.param((A, "[DONE]", B), id="interrupted"),
        pytest.param(({"choices": []}, {"choices": []}), id="no choice"),
        pytest.param((thought("a"), thought("b", closed="yes")), id="closed is text"),
        pytest.param((thought("a"), thought(None)), id="thought is no text"),
    ],
)
def test_chunks_that_differ_in_more_stay(values):
    assert len(values) == same(*values)


@pytest.mark.parametrize("member", ["extra", "delta"])
def test_no_depth_makes_the_walk_raise(member):
    for depth in range(1, 1_010, 3):
        deep = "[" * depth + "1" + "]" * depth
        events = [
            json.dumps(chunk({"content": "a", "deep": []}, more=[])).replace(
                '"deep": []' if member == "delta" else '"more": []', f'"d": {deep}'
            )
            for _ in range(2)
        ]
        reply = exchange(events)

        assert 2 == reply.event_count
        assert reply.answer in {"", "aa"}


def test_a_stream_is_parsed_once_for_verdict_and_text(monkeypatch):
    reply = exchange([json.dumps(A)] * 50 + ["[DONE]"])
    walks = []
    monkeypatch.setattr(
        "contract.model.exchange.walk",
        lambda *a, **more: walks.append(a) or walk(*a, **more),
    )
    reply.rejected("all", lambda _: True)

    assert "a" * 50 == reply.answer
    assert (50, 51) == (len(reply.text_times), reply.event_count)
    assert 1 == len(walks)


def test_what_is_released_is_computed_again():
    reply = exchange([json.dumps(value) for value in (A, B, A)])
    before = reply.pieces, reply.chunks, reply.body, reply.rejected("x", bool)
    reply.release()

    assert reply == replace(reply)
    assert vars(replace(reply)).keys() == vars(reply).keys()
    assert before == (reply.pieces, reply.chunks, reply.body, reply.rejected("x", bool))
    assert texts(reply) == ["aba"]
