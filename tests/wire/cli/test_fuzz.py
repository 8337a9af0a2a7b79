"""
`magistral-contract fuzz`, against the mock on a loopback port.

It starts Schemathesis with the hooks of `contract.schemathesis_hooks`.
"""

from __future__ import annotations

import json
import re
import shlex

import pytest

FEW = ("--phases", "fuzzing", "--max-examples", "5", "--seed", "1")


@pytest.mark.long
@pytest.mark.parametrize(
    "target",
    ["mock", "mock:llamacpp", "mock:llamacpp-responses", "mock:mistral-2026-10"],
)
def test_the_mock_passes(command, target):
    done = command("fuzz", target, *FEW)

    assert (done.code, done.err) == (0, "")
    assert "\nPASSED: " in done.out


@pytest.mark.long
def test_a_fault_is_found_with_a_short_command(command, tmp_path):
    path = tmp_path / "report.json"
    done = command("fuzz", "mock?fault=usage-dropped", *FEW, "--report", f"json={path}")
    results = {r["check"]: r for r in json.loads(path.read_text())["results"]}
    found = results["fuzz.response-schema-conformance"]
    words = shlex.split(found["findings"][0]["at"])

    assert done.code == 1
    assert found["violates"]
    assert len(found["findings"][0]["at"]) <= 300
    assert {"model", "messages"} <= set(json.loads(words[-1]))
    assert re.search(r"again +magistral-contract fuzz 'mock\?fault=", done.out)


def test_an_unknown_phase_is_a_usage_error(command):
    done = command("fuzz", "mock", "--phases", "fuzzing,nope")

    assert done.code == 2
    assert "Unknown phase 'nope'. Known: coverage, examples, fuzzing." in done.err


@pytest.mark.long
def test_further_headers_are_sent_and_shown_nowhere(served, command, tmp_path):
    value = "the-value-of-this-tenant"

    def script(c):
        if c.line.startswith("GET"):
            card = {"id": "m", "object": "model", "created": 1, "owned_by": "vllm"}
            c.answer({"object": "list", "data": [card]})
        else:
            c.answer({"error": f"{value} may not"}, status=500)

    server = served(script)
    path = tmp_path / "report.json"
    done = command(
        *("fuzz", f"{server.url}/v1", "--profile", "vllm", "--phases", "examples"),
        *(f"--header=X-Tenant: {value}", "--max-examples", "1"),
        *("--report", f"json={path}"),
    )
    written = path.read_text() + done.out + done.err

    assert done.code == 1
    assert len(server.requests) > 5
    # Schemathesis first finds out, on other paths, which characters a server takes.
    ours = [r for r in server.requests if b"x-schemathesis-probe:" not in r.lower()]
    assert [] == [request for request in ours if value.encode() not in request]
    assert value not in written
    assert '-H "x-tenant: $X_TENANT"' in done.out
    assert "--header-env X-Tenant=X_TENANT" in done.out
