"""Mistral's message formats, as clients recorded them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.chat import Call, Message, Options, Piece, PieceKind, Text, Thinking
from contract.model.dialect import Answer, Head, Usage
from contract.model.probes import SUM, TOOL
from contract.providers.mistral.dialect import MISTRAL_2025_10 as OLD
from contract.providers.mistral.dialect import MISTRAL_2026_08 as NEW
from contract.providers.mistral.dialect import MISTRAL_2026_10 as NEWEST

HEAD = Head("0123456789abcdef", 1_758_153_600, "magistral-small-2509")
OUTPUT = (Piece(PieceKind.REASONING, "Hm"), Piece(PieceKind.ANSWER, "42"))
CALLED = (
    Piece(PieceKind.REASONING, "Hm"),
    Piece(PieceKind.TOOL, '{"a"', call=Call(0, "A1b2C3d4E", "f")),
    Piece(PieceKind.TOOL, ":1}", call=Call(0)),
)


def thinking(text, **more):
    chunk = {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
    return {**chunk, **more}


def test_empty_thinking_chunk_is_between_reasoning_and_answer():
    assert [
        {"role": "assistant", "content": ""},
        {"content": [thinking("Hm")]},
        {"content": [{"type": "thinking", "thinking": []}]},
        {"content": "42"},
    ] == list(OLD.encode(OUTPUT))


def test_call_is_one_delta_without_a_transition():
    *_, reasoning, call = OLD.encode(CALLED)

    assert {"content": [thinking("Hm")]} == reasoning
    assert {
        "tool_calls": [
            {
                "id": "A1b2C3d4E",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a":1}'},
                "index": 0,
            }
        ]
    } == call


@pytest.mark.parametrize(
    ("text", "more"), [("Hm", {}), ("Hm, let me", {"closed": True})]
)
def test_successors_close_thinking_chunks_of_several_tokens(text, more):
    _, delta = NEW.encode([Piece(PieceKind.REASONING, text)])

    assert {"content": [thinking(text, **more)]} == delta


@pytest.mark.parametrize(
    ("output", "content"),
    [
        pytest.param(OUTPUT[1:], "42", id="no reasoning is plain text"),
        pytest.param(
            OUTPUT,
            [thinking("Hm", closed=True), {"type": "text", "text": "42"}],
            id="reasoning and answer",
        ),
        pytest.param(OUTPUT[:1], [thinking("Hm", closed=True)], id="cut reasoning"),
        pytest.param((), "", id="nothing"),
    ],
)
def test_content_of_a_whole_message(output, content):
    expected = {"role": "assistant", "tool_calls": None, "content": content}

    assert expected == NEW.message(output)


RESUMED = (
    *OUTPUT,
    Piece(PieceKind.REASONING, "Yes"),
    Piece(PieceKind.ANSWER, "!"),
)


def test_large_4_sends_both_kinds_of_chunk_in_one_delta_and_resumes():
    answer = {"type": "text", "text": "42"}

    assert [
        {"role": "assistant", "content": ""},
        {"content": [thinking("Hm"), answer]},
        {"content": [thinking("Yes")]},
        {"content": [{"type": "thinking", "thinking": []}]},
        {"content": "!"},
    ] == list(NEWEST.encode(RESUMED))


def test_large_4_keeps_the_order_of_its_chunks():
    assert [
        thinking("Hm", closed=True),
        {"type": "text", "text": "42"},
        thinking("Yes", closed=True),
        {"type": "text", "text": "!"},
    ] == NEWEST.message(RESUMED)["content"]
    assert "42!" == NEWEST.message(RESUMED[1::2])["content"]


def test_reasoning_before_a_call_or_at_the_end_is_not_lost():
    *_, reasoning, call = NEWEST.encode(CALLED)

    assert {"content": [thinking("Hm")]} == reasoning
    assert "f" == call["tool_calls"][0]["function"]["name"]
    assert {"content": [thinking("Hm")]} == [*NEWEST.encode(OUTPUT[:1])][-1]


@pytest.mark.parametrize(
    ("model", "reasons", "effort"),
    [
        ("mistral-large-4", True, "high"),
        ("mistral-large-4", False, "none"),
        ("mistral-small-2603", False, "none"),
        ("mistral-large-latest", True, None),
        ("mistral-large-latest", False, None),
        ("any", False, "none"),
    ],
)
def test_an_effort_is_always_named_where_the_model_takes_one(model, reasons, effort):
    probe = replace(SUM, reasons=reasons)

    assert effort == NEWEST.request(probe, model).get("reasoning_effort")


def test_usage_of_large_4_is_in_a_chunk_without_choices():
    chunk = NEWEST.usage_chunk(HEAD, Usage(10, 7, 3))

    assert [] == chunk["choices"]
    assert {"reasoning_tokens": 3} == chunk["usage"]["completion_tokens_details"]


def test_padding_is_on_every_chunk_but_the_first_and_always_the_same():
    role, delta = {"role": "assistant", "content": ""}, {"content": "42"}
    padded = NEW.chunk(HEAD, 0, delta, None, None)

    assert "p" not in NEW.chunk(HEAD, 0, role, None, None)
    assert "p" not in OLD.chunk(HEAD, 0, delta, None, None)
    assert 1 <= len(padded["p"]) <= 36
    assert padded == NEW.chunk(HEAD, 0, delta, None, None)


def test_last_chunk_has_empty_content_and_the_usage():
    chunk = OLD.chunk(HEAD, 0, {}, "stop", Usage(10, 7))

    assert [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}] == chunk[
        "choices"
    ]
    assert {
        "prompt_tokens": 10,
        "total_tokens": 17,
        "completion_tokens": 7,
    } == chunk["usage"]


def test_successors_count_cached_tokens_and_name_the_tier():
    usage = NEW.completion(HEAD, (Answer(OUTPUT),), Usage(10, 7))["usage"]

    assert {"cached_tokens": 0} == usage["prompt_tokens_details"]
    assert "standard" == usage["service_tier"]


def test_query_cost_is_the_total_and_lists_cost_nothing():
    chat = dict(OLD.headers(HEAD, Usage(10, 7)))
    listed = dict(OLD.headers(HEAD, None))

    assert "17" == chat["x-ratelimit-tokens-query-cost"]
    assert 1_999_983 == int(chat["x-ratelimit-remaining-tokens-minute"])
    assert ["mistral-correlation-id"] == list(listed)


def test_magistral_reasons_unless_disabled():
    disabled = OLD.request(replace(SUM, reasons=False), "m")
    asked = replace(SUM, options=Options(prompt_mode="reasoning"))

    assert "prompt_mode" not in OLD.request(SUM, "m")
    assert "reasoning" == OLD.request(asked, "m")["prompt_mode"]
    assert disabled["prompt_mode"] is None
    assert not OLD.parse(disabled).reasons
    assert OLD.parse(OLD.request(SUM, "m")).reasons


@pytest.mark.parametrize(
    ("probe", "effort", "reasons"),
    [
        pytest.param(SUM, "high", True, id="requested"),
        pytest.param(replace(SUM, reasons=False), None, False, id="not requested"),
        pytest.param(
            replace(SUM, options=Options(reasoning_effort="none")),
            "none",
            False,
            id="explicit effort",
        ),
    ],
)
def test_successors_reason_by_effort(probe, effort, reasons):
    body = NEW.request(probe, "m")

    assert effort == body.get("reasoning_effort")
    assert reasons == NEW.parse(body).reasons


def test_successors_get_no_reasoning_in_a_system_message():
    system = Message("system", (Text("a"), Thinking("b"), Text("c")))
    probe = replace(SUM, messages=(system, *SUM.messages))

    assert thinking("b") in OLD.request(probe, "m")["messages"][0]["content"]
    assert [{"type": "text", "text": "a"}, {"type": "text", "text": "c"}] == (
        NEW.request(probe, "m")["messages"][0]["content"]
    )


def test_forced_call_is_any():
    forced = replace(TOOL, options=replace(TOOL.options, tool_choice="required"))

    assert "any" == OLD.request(forced, "m")["tool_choice"]


def test_cards_are_each_others_aliases():
    cards = OLD.models(("a", "b"), 131_072)["data"]

    assert [("a", "a", ["b"]), ("b", "a", ["a"])] == [
        (card["id"], card["name"], card["aliases"]) for card in cards
    ]
