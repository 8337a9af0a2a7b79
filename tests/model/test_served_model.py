"""Models in a profile: read, found by any of their names, and applied."""

import pytest

from contract.catalog.profiles import builtin
from contract.errors import SpecError
from contract.model.profile import Capability
from contract.model.served_model import ServedModel, find_model, parse_models

PROFILE = builtin()["mistral-2026-10"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"a": 1}, "models.a must be a table, not 1"),
        ({"a": {"window": 1}}, "unknown key 'window'; known: aliases, context_window"),
        ({"a": {"efforts": "none"}}, "efforts must be a list of texts"),
        ({"a": {"efforts": [1]}}, "efforts must be a list of texts"),
        ({"a": {"max_output": 0}}, "max_output must be a whole number above 0"),
        ({"a": {"max_output": True}}, "max_output must be a whole number above 0"),
        ({"a": {"image_limit": 1.5}}, "image_limit must be a whole number above 0"),
        ({"a": {"thinks": "yes"}}, "thinks must be true or false, not 'yes'"),
        ({"a": {"source": 1}}, "source must be text, not 1"),
        ({"a": {"id": "b"}}, "unknown key 'id'"),
        ({"a": {"aliases": ["a"]}}, "a is also an id of a"),
        ({"a": {}, "b": {"replaces": ["a"]}}, "models.b: a is also an id of a"),
    ],
)
def test_a_mistake_is_named(tables, message):
    with pytest.raises(SpecError, match=r"x: models") as error:
        parse_models("x", tables)

    assert message in str(error.value)


def test_a_model_is_found_by_each_of_its_names():
    one = ServedModel(id="a", aliases=("b",), replaces=("c",))

    assert [one, one, one, None] == [find_model([one], n) for n in ("a", "b", "c", "d")]
    assert ("a", "b") == one.names


@pytest.mark.parametrize(
    ("name", "window", "images", "lacks"),
    [
        ("mistral-large-4", 1_048_576, 100, set()),
        ("mistral-large-2610", 1_048_576, 100, set()),
        (
            "magistral-small-2509",
            262_144,
            8,
            {Capability.THINKING_DEFAULT, Capability.MANY_IMAGES},
        ),
        (
            "mistral-large-latest",
            262_144,
            8,
            {
                Capability.REASONING,
                Capability.EFFORTS,
                Capability.REASONING_TOKENS,
                Capability.THINKING_DEFAULT,
                Capability.MANY_IMAGES,
            },
        ),
        ("unknown", 1_048_576, 100, set()),
    ],
)
def test_a_profile_takes_the_limits_of_a_model(name, window, images, lacks):
    found = PROFILE.for_model(name)

    assert (window, images) == (found.context_window, found.image_limit)
    assert lacks == PROFILE.offers - found.offers
