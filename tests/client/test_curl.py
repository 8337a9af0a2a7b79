"""Tests of the curl command of a request."""

from __future__ import annotations

import json
import shlex

from hypothesis import given

from contract.catalog.profiles import builtin
from contract.client.curl import curl
from contract.model.probes import SUM_WHOLE
from contract.model.strict_json import read_json
from contract.model.wire import Request, build_request
from contract.testing.strategies import wire_values

URL = "http://127.0.0.1:8700"
CHAT = "/v1/chat/completions"
JSON = (("content-type", "application/json"),)


def test_command_contains_url_type_and_body():
    request = Request("POST", CHAT, JSON, b'{ "a" : "it\'s" }')

    words = shlex.split(curl(URL, request))

    assert [
        *("curl", "-sS", URL + CHAT, "-H", "content-type: application/json"),
        *("-d", '{"a":"it\'s"}'),
    ] == words


@given(wire_values)
def test_shell_passes_on_the_same_json(value):
    body = json.dumps(value).encode()

    last = shlex.split(curl(URL, Request("POST", CHAT, (), body)))[-1]

    assert read_json(body) == read_json(last.encode())


def test_key_stays_in_its_variable():
    request = build_request(
        SUM_WHOLE, builtin()["mistral-2025-10"], "m", "sk-secret-1234"
    )

    command = curl(URL, request, key="MISTRAL_API_KEY")

    assert "sk-secret-1234" not in command
    assert '-H "authorization: Bearer $MISTRAL_API_KEY"' in command


def test_binary_body_is_sent_as_base64():
    command = curl(URL, Request("POST", CHAT, (), b"\xff\xfe"))

    assert f"echo //4= | base64 -d | curl -sS {URL}{CHAT} --data-binary @-" == command


def test_other_methods_are_named():
    assert f"curl -sS -X TRACE {URL}/health" == curl(URL, Request("TRACE", "/health"))
    assert f"curl -sS {URL}/health" == curl(URL, Request("GET", "/health"))


def test_body_that_looks_like_a_file_reference_is_sent_literally():
    assert "--data-raw @file" in curl(URL, Request("POST", CHAT, (), b"@file"))
