"""Bounded search for the smallest failing example."""

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
from contract.run.explore import SHRINKING, smallest
from contract.run.report import Outcome
from contract.run.runner import judge_check

NUMBERS = st.integers(0, 10_000)


def test_smallest_failing_example_is_found():
    assert smallest(NUMBERS, lambda number: number >= 100, most=100) == 100


def test_nothing_is_found_if_no_example_fails():
    assert smallest(NUMBERS, lambda _: False, most=10) is None


def test_examples_depend_on_the_seed_only():
    def tried(seed):
        seen = []
        smallest(NUMBERS, lambda n: bool(seen.append(n)), most=10, seed=seed)
        return seen

    assert tried(None) == tried(None)
    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


def test_the_number_of_tried_examples_is_bounded():
    tried = []

    def fails(number):
        tried.append(number)
        return number > 3

    smallest(NUMBERS, fails, most=10)

    assert len(tried) <= 10 * SHRINKING


def test_without_shrinking_the_first_failure_is_returned():
    tried = []

    def fails(number):
        tried.append(number)
        return number >= 100

    found = smallest(NUMBERS, fails, most=50, shrink=False)

    assert tried[-1] == found
    assert [number for number in tried if number >= 100] == [found]


def test_each_example_is_judged_once_even_if_verdicts_vary():
    verdicts = itertools.cycle([True, False])

    found = smallest(NUMBERS, lambda _: next(verdicts), most=50)

    assert found is not None


def test_without_hypothesis_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(explore, "available", lambda: False)

    with pytest.raises(UsageError, match=r"-e '\.\[fuzz\]'"):
        smallest(None, lambda _: True, most=1)


def test_without_hypothesis_a_property_is_skipped_before_its_strategy_is_created(
    monkeypatch,
):
    def strategy(_profile):
        raise ModuleNotFoundError("hypothesis")

    profile = builtin()["vllm-0.32"]
    exploring = next(c for c in find("checks", Check).values() if c.explores)
    check = replace(exploring, explores=strategy, needs=frozenset())
    monkeypatch.setattr(explore, "available", lambda: False)
    with Session("http://127.0.0.1:1", profile, "m", saved={}) as session:
        result = judge_check(check, session, "mock", slow=True)

    assert result.outcome is Outcome.SKIP
    assert "-e '.[fuzz]'" in result.reason
