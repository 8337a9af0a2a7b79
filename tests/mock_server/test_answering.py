"""A provider finishes what the engine said, in its own way."""

from dataclasses import replace
from random import Random

import pytest

from contract.catalog.providers import dialects
from contract.mock_server.answering import (
    Task,
    answered,
)
from contract.model.chat import (
    Message,
    Options,
    PieceKind,
    Probe,
)
from contract.model.probes import WEATHER

DIALECTS = dialects()
MISTRAL = DIALECTS["mistral-2025-10"].rules
VLLM = DIALECTS["vllm-0.16"].rules


def task(text="What is 6*7?", *more, room=4_000, full=False, **options):
    probe = Probe(
        name="task",
        messages=(Message("user", text), *more),
        options=Options(**options),
    )
    return Task(probe, 10, room, full)


def said(task, rules):
    return answered(task, rules, Random(1))


def test_usage_sums_all_choices():
    usage = said(task(n=3), VLLM).usage

    assert (usage.prompt, usage.completion, usage.reasoning) == (10, 66, 39)


@pytest.mark.parametrize(
    ("rules", "full", "finish"),
    [
        (VLLM, False, "length"),
        (VLLM, True, "length"),
        (MISTRAL, False, "length"),
        (MISTRAL, True, "model_length"),
    ],
)
def test_finish_reason_says_what_ended_the_answer(rules, full, finish):
    assert said(task(room=3, full=full), rules).answers[0].finish == finish


@pytest.mark.parametrize(("rules", "finish"), [(VLLM, "stop"), (MISTRAL, "tool_calls")])
def test_named_call_has_its_own_finish_reason(rules, finish):
    asked = task(tools=(WEATHER,), tool_choice="=get_weather")

    assert said(asked, rules).answers[0].finish == finish


def test_hidden_reasoning_is_counted_all_the_same():
    hidden = said(replace(task(), reasoning=False), VLLM)

    assert {p.kind for p in hidden.answers[0].pieces} == {PieceKind.ANSWER}
    assert hidden.usage == said(task(), VLLM).usage


@pytest.mark.parametrize(
    ("rules", "text"), [(MISTRAL, "The answer is 42"), (VLLM, " is 42")]
)
def test_prefix_is_repeated_where_the_provider_does_so(rules, text):
    asked = task("What is 6*7?", Message("assistant", "The answer", prefix=True))
    found = said(asked, rules)

    assert "".join(piece.text for piece in found.answers[0].pieces) == text
    assert found.usage.completion == 5


def test_seed_and_temperature_zero_leave_nothing_to_the_lot():
    for options in ({"seed": 7}, {"temperature": 0.0}):
        asked = task("#random", **options)
        first = answered(asked, VLLM, Random(1))

        assert all(answered(asked, VLLM, Random(i)) == first for i in range(20))
