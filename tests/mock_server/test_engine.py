"""Answers are counted exactly, cut exactly and the same for the same lot."""

import json
from random import Random

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.mock_server.engine import (
    answer,
    by_lot,
    wants_json,
)
from contract.mock_server.instance import UnsatisfiableError
from contract.model.chat import (
    Message,
    Options,
    PieceKind,
    Probe,
    Tool,
    freeze,
    merge_pieces,
)
from contract.model.probes import WEATHER
from contract.tokens import counting

ROOM = 4_000
THOUGHT = "Okay, let me think: six times seven makes forty-two."
PAIR = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}, "why": {"type": "string"}},
    "required": ["answer", "why"],
    "additionalProperties": False,
}


def asked(text="What is 6*7?", *more, reasons=True, **options):
    return Probe(
        name="asked",
        messages=(Message("user", text), *more),
        options=Options(**options),
        reasons=reasons,
    )


def spoken(probe, room=ROOM, seed=1):
    return answer(probe, room, Random(seed))


def said(choice, kind):
    return "".join(p.text for p in choice.answer.pieces if p.kind is kind)


# The counts are those of vLLM 0.32 with a tiny model of the same script.
@pytest.mark.parametrize(
    ("probe", "thought", "text", "count", "reasoning"),
    [
        pytest.param(asked(), THOUGHT, "The answer is 42", 22, 13, id="default"),
        pytest.param(
            asked("Hi #bare"), "", "Hello without any reasoning.", 6, 0, id="bare"
        ),
        pytest.param(
            asked("#json"), "They want an object.", '{"answer": 42}', 15, 5, id="json"
        ),
        pytest.param(
            asked("#math"),
            "Compute it first.",
            r"Final: $\boxed{42}$",
            16,
            4,
            id="math",
        ),
        pytest.param(asked("#utf"), "café", "日本 wave: 👋", 12, 3, id="utf"),
        pytest.param(asked("#random"), "Roll.", None, 6, 2, id="random"),
        pytest.param(asked("#empty"), "", "", 1, 0, id="empty"),
        pytest.param(
            asked("#open"), "This thought never ends", "", 6, 4, id="never-closed"
        ),
        pytest.param(
            asked(reasons=False), "", "The answer is 42", 7, 0, id="no-thinking"
        ),
    ],
)
def test_scripts_cost_what_a_real_engine_counts(probe, thought, text, count, reasoning):
    (choice,) = spoken(probe)

    assert said(choice, PieceKind.REASONING) == thought
    assert text in {None, said(choice, PieceKind.ANSWER)}
    assert (choice.tokens, choice.reasoning) == (count, reasoning)
    assert choice.answer.finish == "stop"


@pytest.mark.parametrize(
    ("text", "room", "thought", "answered"),
    [
        ("What is 6*7?", 1, "", ""),
        ("What is 6*7?", 3, "Okay,", ""),
        ("What is 6*7?", 15, THOUGHT, ""),
        ("What is 6*7?", 16, THOUGHT, "The"),
        ("What is 6*7?", 21, THOUGHT, "The answer is 42"),
        ("#long", 6, "Hmm, wait,", ""),
        ("#loop", 9, "Short plan.", " again and again and"),
        ("What is 6*7?", 0, "", ""),
    ],
)
def test_answers_are_cut_at_exactly_the_room(text, room, thought, answered):
    (choice,) = spoken(asked(text), room)

    assert choice.answer.finish == "length"
    assert choice.tokens == room
    assert said(choice, PieceKind.REASONING) == thought
    assert said(choice, PieceKind.ANSWER) == answered


@given(room=st.integers(0, 40), text=st.sampled_from(["6*7", "#utf", "#long", "#loop"]))
def test_tokens_never_exceed_the_room(room, text):
    (choice,) = spoken(asked(text), room)
    whole = spoken(asked(text), 100)[0]

    assert choice.tokens <= room
    assert (choice.tokens == room) or choice.answer.finish == "stop"
    assert said(whole, PieceKind.REASONING).startswith(
        said(choice, PieceKind.REASONING)
    )
    assert said(whole, PieceKind.ANSWER).startswith(said(choice, PieceKind.ANSWER))


@pytest.mark.parametrize(
    ("stop", "thought", "text", "count"),
    [
        (("is",), THOUGHT, "The answer ", 18),
        (("times",), "Okay, let me think: six ", "", 9),
        (("swer", "zzz"), THOUGHT, "The an", 17),
        (("42", "The"), THOUGHT, "", 16),
        (("zzz",), THOUGHT, "The answer is 42", 22),
    ],
)
def test_text_ends_before_the_stop_string(stop, thought, text, count):
    (choice,) = spoken(asked(stop=stop))

    assert said(choice, PieceKind.REASONING) == thought
    assert said(choice, PieceKind.ANSWER) == text
    assert choice.tokens == count
    assert choice.answer.finish == "stop"


@given(st.text(alphabet="Theansweri 42,:mkOoy", min_size=1, max_size=4))
def test_stop_string_is_never_said(stop):
    (choice,) = spoken(asked(stop=(stop,)))

    assert stop not in said(choice, PieceKind.REASONING)
    assert stop not in said(choice, PieceKind.ANSWER)


def test_drawn_choices_differ_and_are_seeded():
    probe = asked("#random", n=6)
    texts = [said(choice, PieceKind.ANSWER) for choice in spoken(probe)]

    assert sorted(texts) == list("234567")
    assert texts == [said(choice, PieceKind.ANSWER) for choice in spoken(probe)]
    assert [p.choice for c in spoken(probe) for p in c.answer.pieces][-1] == 5


def test_draws_vary_with_the_seed():
    texts = {
        said(spoken(asked("#random"), seed=s)[0], PieceKind.ANSWER) for s in range(50)
    }

    assert len(texts) > 1


@pytest.mark.parametrize(
    ("probe", "lot"),
    [
        (asked("#random"), True),
        (asked("#random", seed=7), False),
        (asked("#random", temperature=0.0), False),
        (asked(), False),
        (asked(tools=(WEATHER,)), True),
        (asked(tools=(WEATHER,), tool_choice="none"), False),
    ],
)
def test_lot_decides_only_what_is_left_open(probe, lot):
    assert by_lot(probe) is lot


ADD = Tool(
    "add_numbers",
    freeze(
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        }
    ),
)


@pytest.mark.parametrize(
    ("probe", "calls"),
    [
        pytest.param(
            asked(tools=(WEATHER,)),
            [("get_weather", '{"city": "Rome"}')],
            id="auto",
        ),
        pytest.param(
            asked("Weather in Paris?", tools=(ADD, WEATHER)),
            [("get_weather", '{"city": "Paris"}')],
            id="fitting-tool-and-place",
        ),
        pytest.param(
            asked("Weather in Paris and Lyon?", tools=(WEATHER,)),
            [("get_weather", '{"city": "Paris"}'), ("get_weather", '{"city": "Lyon"}')],
            id="parallel",
        ),
        pytest.param(
            asked(
                "Weather in Paris and Lyon?",
                tools=(WEATHER,),
                parallel_tool_calls=False,
            ),
            [("get_weather", '{"city": "Paris"}')],
            id="not-parallel",
        ),
        pytest.param(
            asked("Weather?", tools=(WEATHER, ADD), tool_choice="=add_numbers"),
            [("add_numbers", '{"a": 1, "b": 1}')],
            id="named",
        ),
        pytest.param(
            asked("#bare", tools=(ADD,), tool_choice="required"),
            [("add_numbers", '{"a": 1, "b": 1}')],
            id="required",
        ),
        pytest.param(asked("#bare", tools=(WEATHER,)), [], id="words-will-do"),
        pytest.param(asked(tools=(WEATHER,), tool_choice="none"), [], id="none"),
        pytest.param(asked(tool_choice="auto"), [], id="no-tools"),
    ],
)
def test_tools_are_called_when_asked(probe, calls):
    (choice,) = spoken(probe)
    found = [p for p in merge_pieces(choice.answer.pieces) if p.kind is PieceKind.TOOL]

    assert [(piece.call.name, piece.text) for piece in found] == calls
    assert choice.answer.finish == ("tool_calls" if calls else "stop")
    assert all(len(piece.call.id) == 9 and piece.call.id.isalnum() for piece in found)
    assert len({piece.call.id for piece in found}) == len(found)
    assert [piece.call.index for piece in found] == list(range(len(found)))


def test_tool_call_costs_what_a_real_engine_counts():
    (choice,) = spoken(asked(tools=(WEATHER,)))

    assert (choice.tokens, choice.reasoning) == (21, 7)


def test_arguments_come_in_fragments_and_fit_the_schema():
    (choice,) = spoken(asked(tools=(ADD,)))
    fragments = [p for p in choice.answer.pieces if p.kind is PieceKind.TOOL]

    assert len(fragments) > 3
    assert [p.call.name for p in fragments[1:]] == [None] * (len(fragments) - 1)
    assert jsonschema_rs.is_valid(
        json.loads(ADD.parameters), json.loads("".join(p.text for p in fragments))
    )


def test_tool_without_a_usable_schema_is_called_without_arguments():
    broken = Tool("broken", freeze({"type": "integer", "minimum": 2, "maximum": 1}))
    (choice,) = spoken(asked(tools=(broken,)))

    assert said(choice, PieceKind.TOOL) == "{}"


def wanted(schema):
    return freeze({"type": "json_schema", "json_schema": {"name": "x", **schema}})


@pytest.mark.parametrize(
    ("text", "response_format", "answered"),
    [
        ("What is 6*7?", freeze({"type": "json_object"}), '{"answer": 42}'),
        ("What is 2+3?", freeze({"type": "json_object"}), '{"answer": 5}'),
        ("What is 6*7?", wanted({"schema": PAIR}), '{"answer":42,"why":""}'),
        ("#loop", wanted({"schema": PAIR}), '{"answer":42,"why":""}'),
        ("What is 6*7?", wanted({}), "The answer is 42"),
        ("What is 6*7?", freeze({"type": "text"}), "The answer is 42"),
    ],
)
def test_answer_has_the_wanted_format(text, response_format, answered):
    (choice,) = spoken(asked(text, response_format=response_format))

    assert said(choice, PieceKind.ANSWER) == answered
    assert wants_json(response_format) is answered.startswith("{")


def test_schema_that_nothing_fits_is_refused():
    with pytest.raises(UnsatisfiableError):
        spoken(asked(response_format=wanted({"schema": {"type": "banana"}})))


@pytest.mark.parametrize(
    ("prefix", "rest"),
    [
        ("The answer", " is 42"),
        ("Well,", " The answer is 42"),
        ("Well, ", "The answer is 42"),
        ("The answer is 42", ""),
    ],
)
def test_prefix_is_continued_without_thinking_again(prefix, rest):
    probe = asked("What is 6*7?", Message("assistant", prefix, prefix=True))
    (choice,) = spoken(probe)

    assert said(choice, PieceKind.REASONING) == ""
    assert said(choice, PieceKind.ANSWER) == rest
    assert choice.tokens == counting.text(rest) + 1


@given(st.text(max_size=60), st.integers(0, 3))
def test_anything_is_answered_within_its_tokens(text, seed):
    (choice,) = spoken(asked(text), 200, seed)
    kinds = {PieceKind.REASONING, PieceKind.ANSWER}
    count = sum(counting.text(said(choice, kind)) for kind in kinds)

    assert choice.tokens <= 200
    assert choice.answer.finish in {"stop", "length"}
    assert count <= choice.tokens
