"""Lookup and reading of model cards in valid and invalid lists."""

from __future__ import annotations

import pytest

from contract.checks.models import model_cards
from contract.model.check import NotApplicable


def test_entries_that_are_not_cards_are_skipped(model_list):
    listed = model_list(1, {"id": 2}, {"id": "a"}, None)

    assert ({"id": "a"},) == model_cards.cards(listed)


def test_list_without_cards_is_not_applicable(model_list):
    with pytest.raises(NotApplicable):
        model_cards.cards(model_list({"name": "a"}))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("a", "a", id="by-id"),
        pytest.param("x", "b", id="by-alias"),
        pytest.param("b", "b", id="id-before-alias"),
        pytest.param("c", None, id="not-listed"),
    ],
)
def test_card_is_found_by_any_of_its_names(model_list, name, found):
    listed = model_list({"id": "a", "aliases": ["b"]}, {"id": "b", "aliases": ["x", 3]})

    card = model_cards.find_card(listed, name)

    assert found == (card and model_cards.id_of(card))


@pytest.mark.parametrize(
    ("card", "pointer", "tokens"),
    [
        ({"max_context_length": 5}, "/max_context_length", 5),
        ({"max_model_len": 6}, "/max_model_len", 6),
        ({"meta": {"n_ctx": 7}}, "/meta/n_ctx", 7),
        ({"meta": None}, "the card", None),
    ],
)
def test_context_window_is_found_in_the_field_of_each_provider(card, pointer, tokens):
    assert (pointer, tokens) == model_cards.context_window(card)


@pytest.mark.parametrize("field", ["max_context_length", "max_model_len"])
def test_context_window_is_changed_in_its_field(field):
    assert {field: 8, "id": "a"} == model_cards.with_context_window(
        {field: 4, "id": "a"}, lambda size: 2 * size
    )
    assert {"meta": {"n_ctx": 8, "x": 1}} == model_cards.with_context_window(
        {"meta": {"n_ctx": 4, "x": 1}}, lambda size: 2 * size
    )


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("magistral-small-2509", "2509"),
        ("mistralai/Magistral-Small-2509", "2509"),
        ("magistral-small-latest", None),
        ("mistral-7b-1234", None),
        ("magistral-small-25090", None),
    ],
)
def test_date_is_year_and_month_at_the_end_of_the_id(name, date):
    assert date == model_cards.date_of(name)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"aliases": ["b"]}, {}, True, id="alias"),
        pytest.param({}, {"aliases": ["a"]}, True, id="alias-of-the-other"),
        pytest.param({"root": "w"}, {"root": "w"}, True, id="weights"),
        pytest.param({"root": ""}, {"root": ""}, False, id="empty-root"),
        pytest.param({}, {}, False, id="unrelated"),
    ],
)
def test_cards_with_a_common_alias_or_root_are_one_model(one, other, same):
    assert same is model_cards.same_model({"id": "a", **one}, {"id": "b", **other})
