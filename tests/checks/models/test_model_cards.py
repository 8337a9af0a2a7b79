"""Cards are found and read, whatever else is in the list."""

from __future__ import annotations

import pytest

from contract.checks.models import model_cards
from contract.model.check import NotApplicable


def test_what_is_no_card_is_passed_over(listed):
    assert ({"id": "a"},) == model_cards.cards(listed(1, {"id": 2}, {"id": "a"}, None))


def test_a_list_without_cards_is_not_judged(listed):
    with pytest.raises(NotApplicable):
        model_cards.cards(listed({"name": "a"}))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("a", "a", id="by-id"),
        pytest.param("x", "b", id="by-alias"),
        pytest.param("b", "b", id="id-before-alias"),
        pytest.param("c", None, id="not-listed"),
    ],
)
def test_a_card_is_found_by_its_names(listed, name, found):
    known = listed({"id": "a", "aliases": ["b"]}, {"id": "b", "aliases": ["x", 3]})

    card = model_cards.own(known, name)

    assert found == (card and model_cards.id_of(card))


@pytest.mark.parametrize(
    ("card", "place", "told"),
    [
        ({"max_context_length": 5}, "/max_context_length", 5),
        ({"max_model_len": 6}, "/max_model_len", 6),
        ({"meta": {"n_ctx": 7}}, "/meta/n_ctx", 7),
        ({"meta": None}, "the card", None),
    ],
)
def test_the_window_is_found_where_a_provider_tells_it(card, place, told):
    assert (place, told) == model_cards.window(card)


@pytest.mark.parametrize("field", ["max_context_length", "max_model_len"])
def test_the_window_is_changed_where_it_was_told(field):
    assert {field: 8, "id": "a"} == model_cards.with_window(
        {field: 4, "id": "a"}, lambda size: 2 * size
    )
    assert {"meta": {"n_ctx": 8, "x": 1}} == model_cards.with_window(
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
def test_a_date_is_year_and_month_at_the_end(name, date):
    assert date == model_cards.date_of(name)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"aliases": ["b"]}, {}, True, id="alias"),
        pytest.param({}, {"aliases": ["a"]}, True, id="alias-of-the-other"),
        pytest.param({"root": "w"}, {"root": "w"}, True, id="weights"),
        pytest.param({"root": ""}, {"root": ""}, False, id="no-weights-named"),
        pytest.param({}, {}, False, id="strangers"),
    ],
)
def test_cards_are_related_when_they_say_so(one, other, same):
    assert same is model_cards.related({"id": "a", **one}, {"id": "b", **other})
