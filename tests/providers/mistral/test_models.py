"""The models of October 2026 are those of the profile, and each has a card."""

from contract.catalog.profiles import builtin
from contract.providers.mistral.dialect import MISTRAL_2026_10
from contract.providers.mistral.models import listed, model_named, served

PROFILE = builtin()["mistral-2026-10"]


def test_mock_and_profile_have_the_same_models():
    assert dict(PROFILE.models) == dict(served())
    assert PROFILE.model == listed()[0] == model_named(None).id


def test_every_model_has_a_source():
    assert all(model.source for model in served().values())


def test_each_card_has_the_limits_of_its_model():
    cards = MISTRAL_2026_10.models(listed(), PROFILE.context_window)["data"]

    assert [*listed()] == [card["id"] for card in cards]
    for card in cards:
        model = model_named(card["id"])
        assert model.context_window == card["max_context_length"]
        assert model.id == card["name"]
        assert {*model.names} == {card["id"], *card["aliases"]}
        assert bool(model.efforts) == card["capabilities"]["reasoning"]


def test_a_smaller_window_limits_every_model():
    cards = MISTRAL_2026_10.models(("own", *listed()), 4_096)["data"]

    assert {4_096} == {card["max_context_length"] for card in cards}
    assert [] == cards[0]["aliases"]


def test_a_retired_id_has_no_card():
    assert "magistral-small-2509" not in listed()
    assert "mistral-small-2603" == model_named("magistral-small-2509").id
