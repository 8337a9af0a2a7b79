"""The smallest example of something, in a bounded number of tries."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from contract.catalog.profiles import builtin
from contract.client.session import Session
from contract.errors import UsageError
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.run import explore
from contract.run.explore import (
    SHRINKING,
    smallest,
)
from contract.run.report import Outcome
from contract.run.runner import judge_check

NUMBERS = st.integers(0, 10_000)


def test_smallest_failing_example_is_found():
    assert smallest(NUMBERS, lambda number: number >= 100, most=100) == 100


def test_nothing_is_found_where_nothing_fails():
    assert smallest(NUMBERS, lambda _: False, most=10) is None


def test_the_same_examples_are_tried_unless_there_is_a_seed():
    def tried(seed):
        seen = []
        smallest(NUMBERS, lambda n: bool(seen.append(n)), most=10, seed=seed)
        return seen

    assert tried(None) == tried(None)
    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


def test_no_more_is_asked_than_allowed():
    asked = []

    def fails(number):
        asked.append(number)
        return number > 3

    smallest(NUMBERS, fails, most=10)

    assert len(asked) <= 10 * SHRINKING


def test_without_shrinking_the_first_failure_is_told():
    asked = []

    def fails(number):
        asked.append(number)
        return number >= 100

    found = smallest(NUMBERS, fails, most=50, shrink=False)

    assert asked[-1] == found
    assert [number for number in asked if number >= 100] == [found]


def test_an_answer_that_changes_is_asked_for_once():
    answers = itertools.cycle([True, False])

    found = smallest(NUMBERS, lambda _: next(answers), most=50)

    assert found is not None


def test_a_missing_hypothesis_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(explore, "available", lambda: False)

    with pytest.raises(UsageError, match=r"-e '\.\[fuzz\]'"):
        smallest(None, lambda _: True, most=1)


def test_without_hypothesis_a_property_is_skipped_before_its_strategy_is_made(
    monkeypatch,
):
    def strategy(_profile):
        raise ModuleNotFoundError("hypothesis")

    profile = builtin()["vllm-0.32"]
    explored = next(c for c in find("checks", Check).values() if c.explores)
    check = replace(explored, explores=strategy, needs=frozenset())
    monkeypatch.setattr(explore, "available", lambda: False)
    with Session("http://127.0.0.1:1", profile, "m", saved={}) as session:
        result = judge_check(check, session, "mock", slow=True)

    assert result.outcome is Outcome.SKIP
    assert "-e '.[fuzz]'" in result.reason
