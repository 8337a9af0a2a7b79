"""The definitions of responses that apidog-cli checks by itself."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from contract.exporters.apidog import apidog
from contract.exporters.apidog_contract import response_definitions
from contract.exporters.steps import plan_steps
from contract.testing.rehearsal import clean

DIALECTS = ("mistral", "vllm", "llamacpp", "transformers")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_whole_answer_has_a_definition_that_it_obeys(source, dialect):
    given = source(dialect)
    steps = plan_steps(given).steps
    definitions, schemas = response_definitions(given, steps)
    server = clean(given.profile.id)
    judged = [step for step in steps if step.id in definitions]

    assert len(judged) > 5
    for step in judged:
        definition = definitions[step.id]
        assert (definition["code"], definition["contentType"]) == (200, "json")
        whole = {**definition["jsonSchema"], "definitions": schemas}
        reply = server.send(step.probe)
        if reply.status == 200:
            jsonschema.Draft202012Validator(whole).validate(json.loads(reply.text))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(whole).validate({"choices": 1})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_streams_and_errors_have_none(source, dialect):
    given = source(dialect)
    steps = plan_steps(given).steps
    definitions, _ = response_definitions(given, steps)

    for step in steps:
        if step.probe.stream or not step.expects_answer:
            assert step.id not in definitions


def test_every_reference_is_resolved_and_every_list_has_items(source):
    given = source("vllm")
    definitions, schemas = response_definitions(given, plan_steps(given).steps)

    def check(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                assert node["$ref"].removeprefix("#/definitions/") in schemas
            assert node.get("type") != "array" or "items" in node
        for one in node.values() if isinstance(node, dict) else node:
            if isinstance(one, dict | list):
                check(one)

    check({**definitions, **schemas})


def test_a_profile_that_waives_the_schema_has_none(source):
    given = source("vllm")
    waived = replace(given.profile, waivers={"schema.response@tools": "an old bug"})
    steps = plan_steps(given).steps

    assert response_definitions(replace(given, profile=waived), steps) == ({}, {})


def test_the_scenarios_have_them_and_the_switches_that_apply_them(source):
    files = apidog.files(source("vllm"))
    usage, verdicts = (
        json.loads(files[f"scenarios/{title}.apidog-cli.json"])
        for title in ("usage", "verdicts")
    )

    assert any("responseDefinition" in one for one in usage["item"][0]["item"])
    assert usage["dataSchemas"]
    assert usage["projectOptions"]["validateBodyDataStructure"] is True
    assert verdicts["dataSchemas"] == {}
    assert verdicts["projectOptions"]["validateBodyDataStructure"] is False
