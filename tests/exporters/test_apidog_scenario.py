"""Scenarios have what apidog-cli needs: one per file, ids, kinds, versions."""

import pytest

from contract.exporters.apidog_scenario import scenario
from contract.exporters.postman_collection import item
from contract.exporters.steps import plan_steps
from contract.exporters.verdict_steps import verdict_items
from contract.portable import VARIABLE, prelude


@pytest.fixture(params=["steps", "verdicts"])
def found(request, source):
    given = source()
    items = verdict_items(given.checks)
    if request.param == "steps":
        items = [item(given, step) for step in plan_steps(given).steps]
    return scenario(given, "usage", items), items


def test_a_file_has_one_scenario_with_all_steps(found):
    file, items = found
    (only,) = file["item"]

    assert file["apidogCli"] == "1.1"
    assert [step["name"] for step in only["item"]] == [each["name"] for each in items]


def test_each_step_has_an_id_and_a_kind(found):
    """Without an id JUnit is empty, without a kind the client crashes."""
    steps = found[0]["item"][0]["item"]

    assert len({step["id"] for step in steps}) == len(steps)
    for step in steps:
        assert step["metaInfo"] == {"id": step["id"], "type": "http"}
        assert step["event"][0]["script"]["exec"]


def test_the_key_has_no_value(found):
    values = found[0]["environment"]["variable"]["values"]

    assert {"key": "apiKey", "value": ""} in values


def test_the_scripts_share_their_code_in_the_environment(found):
    file, items = found
    values = file["environment"]["variable"]["values"]
    needed = any(VARIABLE in str(each["event"]) for each in items)

    assert [one["value"] for one in values if one["key"] == VARIABLE] == (
        [prelude()] if needed else []
    )
