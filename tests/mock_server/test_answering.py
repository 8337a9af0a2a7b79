"""Tests of completions: finish reasons, usage and prefixes by dialect."""

from dataclasses import replace
from random import Random

import pytest

from contract.catalog.providers import dialects
from contract.mock_server.answering import Task, complete
from contract.model.chat import Message, Options, PieceKind
from contract.model.probe import Probe
from contract.model.probes import WEATHER

DIALECTS = dialects()
MISTRAL = DIALECTS["mistral-2025-10"].rules
VLLM = DIALECTS["vllm-0.16"].rules


def task(text="What is 6*7?", *more, budget=4_000, window_limited=False, **options):
    probe = Probe(
        name="task",
        messages=(Message("user", text), *more),
        options=Options(**options),
    )
    return Task(probe, 10, budget, window_limited)


def completion(task, rules):
    return complete(task, rules, Random(1))


def test_usage_sums_all_choices():
    usage = completion(task(n=3), VLLM).usage

    assert (usage.prompt, usage.completion, usage.reasoning) == (10, 66, 39)


@pytest.mark.parametrize(
    ("rules", "window_limited", "finish"),
    [
        (VLLM, False, "length"),
        (VLLM, True, "length"),
        (MISTRAL, False, "length"),
        (MISTRAL, True, "model_length"),
    ],
)
def test_finish_reason_is_what_ended_the_answer(rules, window_limited, finish):
    cut = task(budget=3, window_limited=window_limited)

    assert completion(cut, rules).answers[0].finish == finish


@pytest.mark.parametrize(("rules", "finish"), [(VLLM, "stop"), (MISTRAL, "tool_calls")])
def test_named_call_has_its_own_finish_reason(rules, finish):
    forced = task(tools=(WEATHER,), tool_choice="=get_weather")

    assert completion(forced, rules).answers[0].finish == finish


def test_hidden_reasoning_is_counted():
    hidden = completion(replace(task(), shows_reasoning=False), VLLM)

    assert {p.kind for p in hidden.answers[0].pieces} == {PieceKind.ANSWER}
    assert hidden.usage == completion(task(), VLLM).usage


@pytest.mark.parametrize(
    ("rules", "text"), [(MISTRAL, "The answer is 42"), (VLLM, " is 42")]
)
def test_prefix_is_repeated_where_the_dialect_does_so(rules, text):
    prefixed = task("What is 6*7?", Message("assistant", "The answer", prefix=True))
    found = completion(prefixed, rules)

    assert "".join(piece.text for piece in found.answers[0].pieces) == text
    assert found.usage.completion == 5


def test_seed_and_temperature_zero_are_deterministic():
    for options in ({"seed": 7}, {"temperature": 0.0}):
        repeated = task("#random", **options)
        first = complete(repeated, VLLM, Random(1))

        assert all(complete(repeated, VLLM, Random(i)) == first for i in range(20))
