"""A list of models is judged by what it says, never by how many it holds."""

from __future__ import annotations

import pytest
from rehearsal import judged, recorded

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
def test_ids_are_compared(listed, cards, word):
    assert word == judged(listing.ids_are_unique, listed(*cards)).word


@pytest.mark.parametrize(
    ("model", "word"),
    [
        pytest.param("a", "pass", id="id"),
        pytest.param("b", "pass", id="alias"),
        pytest.param("magistral-small-2509", "fail", id="redirected"),
    ],
)
def test_a_model_that_answers_unlisted_is_found(listed, asked, model, word):
    assert word == judged(listing.requested_is_listed, asked(model), listed(A)).word


@pytest.mark.parametrize(
    ("cards", "word"),
    [
        pytest.param([A, B], "pass", id="both"),
        pytest.param([A, {**B, "aliases": []}], "fail", id="one"),
        pytest.param([A], "skip", id="alias-without-card"),
        pytest.param([{"id": "a", "aliases": ["a"]}], "skip", id="its-own-alias"),
        pytest.param([{"id": "a", "aliases": 3}], "skip", id="no-list"),
    ],
)
def test_aliases_are_compared_both_ways(listed, cards, word):
    assert word == judged(listing.aliases_are_symmetric, listed(*cards)).word


@pytest.mark.parametrize(
    ("cards", "word"),
    [
        pytest.param([A, B], "pass", id="same"),
        pytest.param([A, {**B, "max_context_length": 8}], "fail", id="other"),
        pytest.param([A, {"id": "c", "max_context_length": 8}], "skip", id="strangers"),
    ],
)
def test_windows_of_one_model_are_compared(listed, cards, word):
    assert word == judged(listing.aliases_share_the_window, listed(*cards)).word


@pytest.mark.parametrize("name", ["vllm-0.32/get_v1_models", "llamacpp-b11434/models"])
def test_recorded_lists_hold(name):
    known = recorded(name)

    assert "pass" == judged(listing.ids_are_unique, known).word
    assert "fail" != judged(listing.aliases_are_symmetric, known).word
    assert "fail" != judged(listing.aliases_share_the_window, known).word
