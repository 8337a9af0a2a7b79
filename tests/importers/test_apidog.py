"""The JSON report of apidog-cli lists failures; the collection in it tells the rest."""

from __future__ import annotations

import json

import pytest

from contract.importers.apidog import apidog


def changed(text, change):
    value = json.loads(text)
    change(value)
    return apidog.read(json.dumps(value))


def test_what_did_not_fail_is_known_from_the_collection(client_report):
    run = apidog.read(client_report("apidog-cli-2.2.9.json"))

    assert (run.client, run.title, run.requests) == ("apidog-cli", "verdicts", 7)
    assert len(run.assertions) == len(run.expected) == 6
    failed = {o.name.partition(":")[0]: o.failure for o in run.assertions if o.failure}
    assert set(failed) == {"reasoning.present", "streaming.carries-text"}
    assert failed["reasoning.present"].startswith("the reply has no reasoning")
    assert "import its JUnit report" in run.notes[0]


def test_a_server_that_is_not_reached_is_no_pass(client_report):
    run = apidog.read(client_report("apidog-cli-2.2.9-unreachable.json"))

    assert [one.failure for one in run.assertions] == [
        "cannot be judged: no response from the verdict server"
    ] * 2


def test_steps_that_did_not_run_are_no_passes(client_report):
    def stop(value):
        value["result"]["stats"]["steps"]["total"] = 2

    run = changed(client_report("apidog-cli-2.2.9.json"), stop)

    assert len(run.expected) == 6
    assert {one.name.partition(":")[0] for one in run.assertions} == {
        "usage.sums-up",
        "reasoning.present",
        "streaming.carries-text",  # listed as failed
    }


@pytest.mark.parametrize(
    ("at", "failure"),
    [
        pytest.param("request", "cannot be judged: it broke", id="request"),
        pytest.param("response", "it broke", id="body-unlike-its-description"),
    ],
)
def test_a_failure_of_a_step_is_one_of_its_tests(client_report, at, failure):
    def fail(value):
        error = {"error": {"message": "it broke"}, "at": at, "cursor": {"position": 0}}
        value["result"]["failures"] = [error]

    run = changed(client_report("apidog-cli-2.2.9.json"), fail)

    assert [one.failure for one in run.assertions] == [failure, *[None] * 5]


@pytest.mark.parametrize("value", [[], {}, {"result": {"failures": []}}])
def test_other_json_is_not_apidogs(value):
    assert apidog.read(json.dumps(value)) is None
