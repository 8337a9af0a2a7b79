"""Collections are Postman v2.1, the same bytes every time, and hold no key."""

import json
from dataclasses import replace

import jsonschema
import pytest

from contract.exporters.postman_collection import (
    MOST_SAVED,
    SCHEMA,
    collection,
    environment,
    request,
    shown_body,
    verdict_collection,
)
from contract.exporters.steps import plan_steps
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request
from contract.portable import VARIABLE, prelude
from contract.targets.mock import mock_profile

# The parts of the collection format v2.1.0 that the files use, and nothing else.
TEXT = {"type": "string"}
PAIRS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["key", "value"],
        "properties": {"key": TEXT, "value": TEXT},
        "additionalProperties": False,
    },
}
V2_1 = {
    "type": "object",
    "required": ["info", "item", "variable"],
    "additionalProperties": False,
    "properties": {
        "info": {
            "type": "object",
            "required": ["name", "schema"],
            "properties": {"schema": {"const": SCHEMA}, "name": TEXT},
        },
        "item": {"type": "array", "items": {"$ref": "#/$defs/folder"}},
        "variable": {
            "type": "array",
            "items": {
                "required": ["key", "value", "type"],
                "properties": {"key": TEXT, "value": TEXT, "type": {"const": "string"}},
            },
        },
    },
    "$defs": {
        "folder": {
            "type": "object",
            "required": ["name", "item"],
            "additionalProperties": False,
            "properties": {
                "name": TEXT,
                "item": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            },
        },
        "item": {
            "type": "object",
            "required": ["id", "name", "request", "event", "response"],
            "additionalProperties": False,
            "properties": {
                "id": TEXT,
                "name": TEXT,
                "request": {"$ref": "#/$defs/request"},
                "event": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "required": ["listen", "script"],
                        "properties": {
                            "listen": {"enum": ["test", "prerequest"]},
                            "script": {
                                "required": ["type", "exec"],
                                "properties": {
                                    "exec": {"type": "array", "items": TEXT},
                                    "type": {"const": "text/javascript"},
                                },
                            },
                        },
                    },
                },
                "response": {"type": "array"},
            },
        },
        "request": {
            "type": "object",
            "required": ["method", "header", "url"],
            "additionalProperties": False,
            "properties": {
                "method": TEXT,
                "header": PAIRS,
                "description": TEXT,
                "url": {
                    "type": "object",
                    "required": ["raw", "host", "path"],
                    "additionalProperties": False,
                    "properties": {
                        "raw": TEXT,
                        "host": {"type": "array", "items": TEXT},
                        "path": {"type": "array", "items": TEXT},
                        "query": PAIRS,
                    },
                },
                "body": {
                    "type": "object",
                    "required": ["mode", "raw"],
                    "properties": {"mode": {"const": "raw"}, "raw": TEXT},
                },
            },
        },
    },
}


@pytest.mark.parametrize("dialect", ["mistral", "transformers"])
def test_collections_are_postman_2_1(source, dialect):
    given = source(dialect)

    jsonschema.validate(collection(given, plan_steps(given)), V2_1)
    jsonschema.validate(verdict_collection(given), V2_1)


def test_each_request_has_tests_named_after_its_checks(source):
    given = source()
    steps = plan_steps(given)
    found = collection(given, steps)
    for folder in found["item"]:
        for item, step in zip(folder["item"], steps.of(folder["name"]), strict=True):
            script = "\n".join(item["event"][0]["script"]["exec"])
            for check in step.checks:
                assert f'"{check.id}: ' in script, item["name"]


def test_the_verdicts_have_a_request_for_every_check(source, checks):
    found = verdict_collection(source())

    assert sorted(check.id for check in checks) == sorted(
        item["name"] for folder in found["item"] for item in folder["item"]
    )


def test_variables_without_a_value_are_secrets_of_the_environment(source):
    values = {each["key"]: each for each in environment(source())["values"]}

    assert values["baseUrl"]["value"] == "http://127.0.0.1:8700"
    for name in ("apiKey", "verdictsToken"):
        assert (values[name]["value"], values[name]["type"]) == ("", "secret")


def test_the_query_is_part_of_the_address():
    found = request(Request("GET", "/v1/models?a=1&b="))

    assert found["url"]["path"] == ["v1", "models"]
    assert found["url"]["query"] == [
        {"key": "a", "value": "1"},
        {"key": "b", "value": ""},
    ]


def test_a_long_response_is_cut_with_a_pointer():
    exchange = Exchange(
        probe=Probe(name="x"),
        profile=mock_profile("mistral"),
        request=Request("GET", "/"),
        status=200,
        arrivals=(Arrival(0.1, "é".encode() * MOST_SAVED),),
    )
    short = replace(exchange, arrivals=(Arrival(0.1, b'{"a":1}'),))

    assert shown_body(exchange).endswith("131,072 bytes in all; the recording has them")
    assert len(shown_body(exchange).encode()) < MOST_SAVED + 100
    assert shown_body(short) == '{\n "a": 1\n}'


def test_the_tests_share_one_copy_of_their_code(source):
    given = source()
    found = collection(given, plan_steps(given))
    (shared,) = [one for one in found["variable"] if one["key"] == VARIABLE]

    assert shared["value"] == prelude()
    assert json.dumps(found["item"]).count("function assemble") == 0
    assert VARIABLE not in json.dumps(verdict_collection(given))
    assert VARIABLE not in json.dumps(environment(given))
