"""Tests of the engine: exact token counts, budgets, stop strings and seeds."""

import json
from dataclasses import replace
from random import Random

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.mock_server import engine
from contract.mock_server.engine import generate, is_random, wants_json
from contract.mock_server.instance import UnsatisfiableError
from contract.model.chat import Message, Options, PieceKind, Tool, freeze, merge_pieces
from contract.model.custom import CustomReply
from contract.model.probe import Probe
from contract.model.probes import WEATHER
from contract.tokens import counting
from contract.tokens.tekken import count_text

BUDGET = 4_000
REASONING = "Okay, let me think: six times seven makes forty-two."
PAIR = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}, "why": {"type": "string"}},
    "required": ["answer", "why"],
    "additionalProperties": False,
}


def probe_of(text="What is 6*7?", *more, reasons=True, **options):
    return Probe(
        name="probe",
        messages=(Message("user", text), *more),
        options=Options(**options),
        reasons=reasons,
    )


def generated(probe, budget=BUDGET, seed=1):
    return generate(probe, budget, Random(seed))


def text_of(choice, kind):
    return "".join(p.text for p in choice.answer.pieces if p.kind is kind)


# The counts are those of vLLM 0.32 with a tiny model of the same script.
@pytest.mark.parametrize(
    ("probe", "reasoning", "text", "tokens", "reasoning_tokens"),
    [
        pytest.param(probe_of(), REASONING, "The answer is 42", 22, 13, id="default"),
        pytest.param(
            probe_of("Hi #bare"), "", "Hello without any reasoning.", 6, 0, id="bare"
        ),
        pytest.param(
            probe_of("#json"),
            "They want an object.",
            '{"answer": 42}',
            15,
            5,
            id="json",
        ),
        pytest.param(
            probe_of("#math"),
            "Compute it first.",
            r"Final: $\boxed{42}$",
            16,
            4,
            id="math",
        ),
        pytest.param(probe_of("#utf"), "café", "日本 wave: 👋", 12, 3, id="utf"),
        pytest.param(probe_of("#random"), "Roll.", None, 6, 2, id="random"),
        pytest.param(probe_of("#empty"), "", "", 1, 0, id="empty"),
        pytest.param(
            probe_of("#open"), "This thought never ends", "", 6, 4, id="never-closed"
        ),
        pytest.param(
            probe_of(reasons=False), "", "The answer is 42", 7, 0, id="no-reasoning"
        ),
    ],
)
def test_scripts_have_the_token_counts_of_a_real_engine(
    probe, reasoning, text, tokens, reasoning_tokens
):
    (choice,) = generated(probe)

    assert text_of(choice, PieceKind.REASONING) == reasoning
    assert text in {None, text_of(choice, PieceKind.ANSWER)}
    assert (choice.tokens, choice.reasoning_tokens) == (tokens, reasoning_tokens)
    assert choice.answer.finish == "stop"


@pytest.mark.parametrize(
    ("text", "budget", "reasoning", "answer"),
    [
        ("What is 6*7?", 1, "", ""),
        ("What is 6*7?", 3, "Okay,", ""),
        ("What is 6*7?", 15, REASONING, ""),
        ("What is 6*7?", 16, REASONING, "The"),
        ("What is 6*7?", 21, REASONING, "The answer is 42"),
        ("#long", 6, "Hmm, wait,", ""),
        ("#loop", 9, "Short plan.", " again and again and"),
        ("What is 6*7?", 0, "", ""),
    ],
)
def test_text_is_cut_at_exactly_the_budget(text, budget, reasoning, answer):
    (choice,) = generated(probe_of(text), budget)

    assert choice.answer.finish == "length"
    assert choice.tokens == budget
    assert text_of(choice, PieceKind.REASONING) == reasoning
    assert text_of(choice, PieceKind.ANSWER) == answer


@given(
    budget=st.integers(0, 40), text=st.sampled_from(["6*7", "#utf", "#long", "#loop"])
)
def test_tokens_never_exceed_the_budget(budget, text):
    (choice,) = generated(probe_of(text), budget)
    whole = generated(probe_of(text), 100)[0]

    assert choice.tokens <= budget
    assert (choice.tokens == budget) or choice.answer.finish == "stop"
    assert text_of(whole, PieceKind.REASONING).startswith(
        text_of(choice, PieceKind.REASONING)
    )
    assert text_of(whole, PieceKind.ANSWER).startswith(
        text_of(choice, PieceKind.ANSWER)
    )


@pytest.mark.parametrize(
    ("stop", "reasoning", "text", "tokens"),
    [
        (("is",), REASONING, "The answer ", 18),
        (("times",), "Okay, let me think: six ", "", 9),
        (("swer", "zzz"), REASONING, "The an", 17),
        (("42", "The"), REASONING, "", 16),
        (("zzz",), REASONING, "The answer is 42", 22),
    ],
)
def test_text_ends_before_the_stop_string(stop, reasoning, text, tokens):
    (choice,) = generated(probe_of(stop=stop))

    assert text_of(choice, PieceKind.REASONING) == reasoning
    assert text_of(choice, PieceKind.ANSWER) == text
    assert choice.tokens == tokens
    assert choice.answer.finish == "stop"


@given(st.text(alphabet="Theansweri 42,:mkOoy", min_size=1, max_size=4))
def test_stop_string_is_never_generated(stop):
    (choice,) = generated(probe_of(stop=(stop,)))

    assert stop not in text_of(choice, PieceKind.REASONING)
    assert stop not in text_of(choice, PieceKind.ANSWER)


def test_random_choices_differ_and_are_seeded():
    probe = probe_of("#random", n=6)
    texts = [text_of(choice, PieceKind.ANSWER) for choice in generated(probe)]

    assert sorted(texts) == list("234567")
    assert texts == [text_of(choice, PieceKind.ANSWER) for choice in generated(probe)]
    assert [p.choice for c in generated(probe) for p in c.answer.pieces][-1] == 5


def test_random_answers_vary_with_the_seed():
    texts = {
        text_of(generated(probe_of("#random"), seed=s)[0], PieceKind.ANSWER)
        for s in range(50)
    }

    assert len(texts) > 1


@pytest.mark.parametrize(
    ("probe", "random"),
    [
        (probe_of("#random"), True),
        (probe_of("#random", seed=7), False),
        (probe_of("#random", temperature=0.0), False),
        (probe_of(), False),
        (probe_of(tools=(WEATHER,)), True),
        (probe_of(tools=(WEATHER,), tool_choice="none"), False),
    ],
)
def test_completions_are_random_only_without_a_seed(probe, random):
    assert is_random(probe) is random


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
            probe_of(tools=(WEATHER,)),
            [("get_weather", '{"city": "Rome"}')],
            id="auto",
        ),
        pytest.param(
            probe_of("Weather in Paris?", tools=(ADD, WEATHER)),
            [("get_weather", '{"city": "Paris"}')],
            id="matching-tool-and-place",
        ),
        pytest.param(
            probe_of("Weather in Paris and Lyon?", tools=(WEATHER,)),
            [("get_weather", '{"city": "Paris"}'), ("get_weather", '{"city": "Lyon"}')],
            id="parallel",
        ),
        pytest.param(
            probe_of(
                "Weather in Paris and Lyon?",
                tools=(WEATHER,),
                parallel_tool_calls=False,
            ),
            [("get_weather", '{"city": "Paris"}')],
            id="not-parallel",
        ),
        pytest.param(
            probe_of("Weather?", tools=(WEATHER, ADD), tool_choice="=add_numbers"),
            [("add_numbers", '{"a": 1, "b": 1}')],
            id="named",
        ),
        pytest.param(
            probe_of("#bare", tools=(ADD,), tool_choice="required"),
            [("add_numbers", '{"a": 1, "b": 1}')],
            id="required",
        ),
        pytest.param(probe_of("#bare", tools=(WEATHER,)), [], id="not-needed"),
        pytest.param(probe_of(tools=(WEATHER,), tool_choice="none"), [], id="none"),
        pytest.param(probe_of(tool_choice="auto"), [], id="no-tools"),
    ],
)
def test_tools_are_called_as_requested(probe, calls):
    (choice,) = generated(probe)
    found = [p for p in merge_pieces(choice.answer.pieces) if p.kind is PieceKind.TOOL]

    assert [(piece.call.name, piece.text) for piece in found] == calls
    assert choice.answer.finish == ("tool_calls" if calls else "stop")
    assert all(len(piece.call.id) == 9 and piece.call.id.isalnum() for piece in found)
    assert len({piece.call.id for piece in found}) == len(found)
    assert [piece.call.index for piece in found] == list(range(len(found)))


def test_tool_call_has_the_token_counts_of_a_real_engine():
    (choice,) = generated(probe_of(tools=(WEATHER,)))

    assert (choice.tokens, choice.reasoning_tokens) == (21, 7)


def test_arguments_come_in_fragments_and_satisfy_the_schema():
    (choice,) = generated(probe_of(tools=(ADD,)))
    fragments = [p for p in choice.answer.pieces if p.kind is PieceKind.TOOL]

    assert len(fragments) > 3
    assert [p.call.name for p in fragments[1:]] == [None] * (len(fragments) - 1)
    assert jsonschema_rs.is_valid(
        json.loads(ADD.parameters), json.loads("".join(p.text for p in fragments))
    )


def test_tool_without_a_usable_schema_is_called_without_arguments():
    broken = Tool("broken", freeze({"type": "integer", "minimum": 2, "maximum": 1}))
    (choice,) = generated(probe_of(tools=(broken,)))

    assert text_of(choice, PieceKind.TOOL) == "{}"


def json_schema(schema):
    return freeze({"type": "json_schema", "json_schema": {"name": "x", **schema}})


@pytest.mark.parametrize(
    ("text", "response_format", "answer"),
    [
        ("What is 6*7?", freeze({"type": "json_object"}), '{"answer": 42}'),
        ("What is 2+3?", freeze({"type": "json_object"}), '{"answer": 5}'),
        ("What is 6*7?", json_schema({"schema": PAIR}), '{"answer":42,"why":""}'),
        ("#loop", json_schema({"schema": PAIR}), '{"answer":42,"why":""}'),
        ("What is 6*7?", json_schema({}), "The answer is 42"),
        ("What is 6*7?", freeze({"type": "text"}), "The answer is 42"),
    ],
)
def test_answer_has_the_required_format(text, response_format, answer):
    (choice,) = generated(probe_of(text, response_format=response_format))

    assert text_of(choice, PieceKind.ANSWER) == answer
    assert wants_json(response_format) is answer.startswith("{")


def test_unsatisfiable_schema_is_rejected():
    with pytest.raises(UnsatisfiableError):
        generated(probe_of(response_format=json_schema({"schema": {"type": "banana"}})))


@pytest.mark.parametrize(
    ("prefix", "rest"),
    [
        ("The answer", " is 42"),
        ("Well,", " The answer is 42"),
        ("Well, ", "The answer is 42"),
        ("The answer is 42", ""),
    ],
)
def test_prefix_is_continued_without_reasoning(prefix, rest):
    probe = probe_of("What is 6*7?", Message("assistant", prefix, prefix=True))
    (choice,) = generated(probe)

    assert text_of(choice, PieceKind.REASONING) == ""
    assert text_of(choice, PieceKind.ANSWER) == rest
    assert choice.tokens == counting.count_text(rest) + 1


@given(st.text(max_size=60), st.integers(0, 3))
def test_any_prompt_is_answered_within_its_tokens(text, seed):
    (choice,) = generated(probe_of(text), 200, seed)
    kinds = {PieceKind.REASONING, PieceKind.ANSWER}
    count = sum(counting.count_text(text_of(choice, kind)) for kind in kinds)

    assert choice.tokens <= 200
    assert choice.answer.finish in {"stop", "length"}
    assert count <= choice.tokens


@pytest.mark.parametrize("n", [engine.MAX_CHOICES + 1, 10**9, 2**70])
def test_more_choices_than_the_bound_are_refused(n):
    with pytest.raises(engine.TooMuchError, match="n must be at most 16384"):
        generate(probe_of(n=n), 1, Random(1))


def test_the_tokens_of_all_choices_have_a_bound(monkeypatch):
    monkeypatch.setattr(engine, "MAX_GENERATED", 400)
    with pytest.raises(engine.TooMuchError, match="more than 400 tokens"):
        generate(probe_of("#loop", n=5), 100, Random(1))


def test_a_custom_reply_is_generated_as_it_was_given():
    custom = CustomReply(
        thought="Hm.", answer="Both.", tool_calls=(("add", '{"a": 1}'),)
    )
    schema = freeze({"type": "json_object"})
    probe = probe_of(n=2, response_format=schema)
    one, other = generate(probe, BUDGET, Random(1), custom=custom)
    pieces = merge_pieces(one.answer.pieces)

    assert [(p.kind, p.text) for p in pieces] == [
        (PieceKind.REASONING, "Hm."),
        (PieceKind.ANSWER, "Both."),
        (PieceKind.TOOL, '{"a": 1}'),
    ]
    assert one.answer.finish == other.answer.finish == "tool_calls"
    # [THINK] Hm. [/THINK] Both. [TOOL_CALLS] add [ARGS] {"a": 1} and the end.
    texts = ("Hm.", "Both.", "add", '{"a": 1}')
    assert one.tokens == 5 + sum(count_text(text) for text in texts)


PARTS = (
    (PieceKind.REASONING, "Hm."),
    (PieceKind.ANSWER, "Both."),
    (PieceKind.REASONING, "Yes."),
    (PieceKind.ANSWER, " Done."),
)


def test_a_custom_reply_may_be_given_in_parts():
    custom = CustomReply(parts=PARTS)
    (one,) = generate(probe_of(), BUDGET, Random(1), custom=custom)
    (silent,) = generate(
        replace(probe_of(), reasons=False), BUDGET, Random(1), custom=custom
    )

    assert PARTS == tuple((p.kind, p.text) for p in merge_pieces(one.answer.pieces))
    # Two markers for each thought, and the end.
    assert one.tokens == 5 + sum(count_text(text) for _, text in PARTS)
    assert [(PieceKind.ANSWER, "Both. Done.")] == [
        (p.kind, p.text) for p in merge_pieces(silent.answer.pieces)
    ]


@pytest.mark.parametrize(
    ("text", "resumes"),
    [
        ("What is 6 times 7? Answer with one short sentence.", True),
        ("What is 6 times 7?", False),
        ("#loop", False),
        ("#open", False),
    ],
)
def test_reasoning_resumes_with_every_third_question(text, resumes):
    (plain,) = generate(probe_of(text), BUDGET, Random(1))
    (one,) = generate(probe_of(text), BUDGET, Random(1), resumes=True)
    kinds = [piece.kind for piece in merge_pieces(one.answer.pieces)]

    assert resumes == (kinds == [PieceKind.REASONING, PieceKind.ANSWER] * 2)
    assert text_of(plain, PieceKind.ANSWER) == text_of(one, PieceKind.ANSWER)


def test_a_document_is_never_interrupted_by_reasoning():
    probe = probe_of(
        "What is 6 times 7? Answer with one short sentence.",
        response_format=freeze({"type": "json_object"}),
    )
    (one,) = generate(probe, BUDGET, Random(1), resumes=True)

    assert 2 == len(merge_pieces(one.answer.pieces))


def test_a_custom_reply_is_cut_like_any_other():
    probe = probe_of(stop=("th",))
    custom = CustomReply(answer="Both.")

    (stopped,) = generate(probe, BUDGET, Random(1), custom=custom)
    (cut,) = generate(probe_of(), 1, Random(1), custom=custom)

    assert text_of(stopped, PieceKind.ANSWER) == "Bo"
    assert cut.answer.finish == "length"
