"""Tests of the curl command of a request."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given

from contract.catalog.profiles import builtin
from contract.client.curl import curl, repeated
from contract.client.session import Session
from contract.model.probe import KeyMode
from contract.model.probes import NO_KEY, SUM_WHOLE
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


def shell_words(command, **variables):
    """The words that a shell passes to curl, with *variables* in its environment."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}; {command}"
    environment = {"PATH": "/usr/bin:/bin", **variables}
    done = subprocess.run(  # noqa: S603  # the script is the test's own
        ["/bin/sh", "-c", script],
        capture_output=True,
        env=environment,
        text=True,
        check=True,
    )
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize("mode", KeyMode)
def test_a_repeated_command_sends_the_key_as_the_probe_did(mode):
    key, profile = "sk-secret-1234+/", builtin()["mistral-2025-10"]
    request = build_request(replace(SUM_WHOLE, key=mode), profile, "m", key)
    url = "http://localhost"
    # What is recorded of the path has the key masked.
    recorded = replace(
        request, path=request.path.replace("sk-secret-1234%2B%2F", "***")
    )

    with Session(url, profile, "m", key=key, key_variable="STAGING_KEY") as session:
        command = repeated(session, recorded, mode)

    assert "secret-1234" not in command
    words = shell_words(command, STAGING_KEY=key)
    sent = [w for w in words if w.startswith("authorization: ")]
    assert [f"authorization: {v}" for n, v in request.headers if n[0:2] == "au"] == sent
    expected = "?api_key=" + key if mode is KeyMode.QUERY else ""
    assert url + CHAT + expected in words


def test_a_request_without_a_key_is_repeated_without():
    profile = builtin()["mistral-2025-10"]
    request = build_request(NO_KEY, profile, "m", "sk-secret-1234")

    with Session(URL, profile, "m", key="sk-secret-1234") as session:
        assert "authorization" not in repeated(session, request, NO_KEY.key)
