"""Verdicts on model lists, whatever their length."""

from __future__ import annotations

import pytest
from support.rehearsal import recorded_exchange, verdict_on

from contract.checks.models import listing

A = {"id": "a", "aliases": ["b"], "max_context_length": 9}
B = {"id": "b", "aliases": ["a"], "max_context_length": 9}


@pytest.mark.parametrize(
    ("cards", "word"),
    [
        pytest.param([A, B], "pass", id="two"),
        pytest.param([A, B, A], "fail", id="twice"),
        pytest.param([], "skip", id="none"),
    ],
)
def test_duplicate_ids_are_found(model_list, cards, word):
    assert word == verdict_on(listing.ids_are_unique, model_list(*cards)).word


@pytest.mark.parametrize(
    ("model", "word"),
    [
        pytest.param("a", "pass", id="id"),
        pytest.param("b", "pass", id="alias"),
        pytest.param("magistral-small-2509", "fail", id="redirected"),
    ],
)
def test_unlisted_model_that_answers_is_found(model_list, answer, model, word):
    verdict = verdict_on(listing.requested_is_listed, answer(model), model_list(A))

    assert word == verdict.word


@pytest.mark.parametrize(
    ("cards", "word"),
    [
        pytest.param([A, B], "pass", id="both"),
        pytest.param([A, {**B, "aliases": []}], "fail", id="one"),
        pytest.param([A], "skip", id="alias-without-card"),
        pytest.param([{"id": "a", "aliases": ["a"]}], "skip", id="its-own-alias"),
        pytest.param([{"id": "a", "aliases": 3}], "skip", id="not-a-list"),
    ],
)
def test_asymmetric_aliases_are_found(model_list, cards, word):
    assert word == verdict_on(listing.aliases_are_symmetric, model_list(*cards)).word


@pytest.mark.parametrize(
    ("cards", "word"),
    [
        pytest.param([A, B], "pass", id="same"),
        pytest.param([A, {**B, "max_context_length": 8}], "fail", id="other"),
        pytest.param([A, {"id": "c", "max_context_length": 8}], "skip", id="unrelated"),
    ],
)
def test_different_windows_of_one_model_are_found(model_list, cards, word):
    assert word == verdict_on(listing.aliases_share_the_window, model_list(*cards)).word


@pytest.mark.parametrize("name", ["vllm-0.32/get_v1_models", "llamacpp-b11434/models"])
def test_recorded_lists_pass(name):
    listed = recorded_exchange(name)

    assert "pass" == verdict_on(listing.ids_are_unique, listed).word
    assert "fail" != verdict_on(listing.aliases_are_symmetric, listed).word
    assert "fail" != verdict_on(listing.aliases_share_the_window, listed).word
