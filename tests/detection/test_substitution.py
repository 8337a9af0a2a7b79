"""Which model answers under the name of another one."""

import pytest

from contract.catalog.profiles import builtin
from contract.detection.substitution import substitute
from contract.mock_server.provider import served_models

PROFILE = builtin()["mistral-2026-10"]
CARDS = PROFILE.dialect.models(served_models(PROFILE.dialect), PROFILE.context_window)[
    "data"
]


@pytest.mark.parametrize(
    ("requested", "served"),
    [
        pytest.param("magistral-small-2509", "mistral-small-2603", id="retired"),
        pytest.param("magistral-medium-2509", "mistral-medium-3-5", id="medium"),
        pytest.param("magistral-small-latest", "mistral-small-2603", id="alias"),
        pytest.param("mistral-large-4", None, id="itself"),
        pytest.param("mistral-small-latest", None, id="alias of its own family"),
        pytest.param("no-such-model", None, id="unknown"),
    ],
)
def test_the_served_model_is_named(requested, served):
    said = substitute(requested, PROFILE, CARDS)

    assert bool(served) == bool(said)
    assert said.startswith(f"requested {requested}, served {served}") or not served


def test_a_retired_id_is_known_without_a_list():
    assert "served mistral-small-2603" in substitute("magistral-small-2509", PROFILE)
    assert not substitute("magistral-small-2509", builtin()["vllm-0.32"])


def test_an_id_that_is_listed_is_not_taken_for_retired():
    card = {"id": "magistral-small-2509", "name": "magistral-small-2509"}

    assert not substitute("magistral-small-2509", PROFILE, [card])


@pytest.mark.parametrize("name", [None, 7, [], {}, "gone"])
def test_any_card_is_read(name):
    assert not substitute("mistral-x", PROFILE, [{"id": "mistral-x", "name": name}])
