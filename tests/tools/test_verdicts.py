"""newman and apidog-cli show the verdicts of `serve --verdicts`, each as a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.openapi_tools import ROOT, Tools

import contract
from contract.exporters.verdict_steps import verdict_items
from contract.importers.files import import_report
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.run.report import Outcome
from contract.verdicts import external

pytestmark = pytest.mark.tools

TARGET = "mock:vllm?fault=field-renamed"
TOKEN = "tok-of-this-test-12345678"
ITEMS = verdict_items(find("checks", Check).values())
POSTMAN = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


@pytest.fixture(scope="module")
def verdicts():
    """The variables for a server of verdicts on a mock with a fault."""
    running = subprocess.Popen(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-m", "contract", "serve", "--verdicts", TARGET, "--port", "0",
         "--token-env", "TOK"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "TOK": TOKEN},
    )  # fmt: skip
    try:
        url = next(line.split()[1] for line in running.stdout if line[:3] == "url")
        yield [
            {"key": "verdictsUrl", "value": url},
            {"key": "verdictsToken", "value": TOKEN},
        ]
    finally:
        running.terminate()
        running.communicate()


@pytest.fixture(scope="module")
def report():
    """What `verify` says of the same target."""
    return contract.verify(TARGET)


def outcomes(report):
    return {result.check.id: result.outcome for result in report.results}


def test_newman_passes_and_fails_what_verify_does(tools, verdicts, report, tmp_path):
    collection = {
        "info": {"name": "verdicts", "schema": POSTMAN},
        "variable": verdicts,
        "item": ITEMS,
    }
    (tmp_path / "c.json").write_text(json.dumps(collection))

    tools.run("newman", "run", "c.json", "--reporters", "json,junit",
              "--reporter-json-export", "r.json", "--reporter-junit-export", "r.xml",
              cwd=tmp_path, code=1)  # fmt: skip

    assert report.exit_code == 1
    for name in ("r.json", "r.xml"):
        found = import_report(tmp_path / name)
        assert outcomes(found) == outcomes(report)
        assert found.exit_code == report.exit_code


def test_apidog_passes_and_fails_what_verify_does(tools, verdicts, report, tmp_path):
    if not tools.path("apidog").is_absolute():
        pytest.skip("apidog-cli could not be installed; see .ci/openapi-tools")
    steps = [
        {**item, "metaInfo": {"type": "http", "id": item["id"]}, "type": "http"}
        for item in ITEMS
    ]
    scenario = {
        "apidogCli": "1.1",
        "info": {"name": "verdicts"},
        "environment": {"id": 1, "name": "e", "variable": {"values": verdicts}},
        "item": [{"id": "all", "name": "all checks", "item": steps}],
    }
    (tmp_path / "s.json").write_text(json.dumps(scenario))

    tools.run("apidog", "run", "s.json", "-r", "json,junit", "--out-dir", tmp_path,
              "--out-file", "r", cwd=tmp_path, code=1)  # fmt: skip

    expected = outcomes(report)
    by_junit = outcomes(import_report(tmp_path / "r.xml"))
    by_json = outcomes(import_report(tmp_path / "r.json"))
    assert by_junit == expected
    # Its JSON lists only what failed: neither a skipped test nor a warning.
    assert by_json == {
        r.check.id: Outcome.FAIL if report.violates(r) else Outcome.PASS
        for r in report.results
    }
    assert report.warnings > 0
    assert Outcome.FAIL in by_json.values()


def test_apidog_runs_the_external_program_of_the_documents(
    tools, mocks, tmp_path, monkeypatch
):
    if not tools.path("apidog").is_absolute():
        pytest.skip("apidog-cli could not be installed; see .ci/openapi-tools")
    page = (ROOT / "docs" / "verdicts.md").read_text("utf-8")
    script = page.partition("```js\n")[2].partition("```")[0]
    step = {
        "id": "verdicts",
        "name": "verdicts",
        "metaInfo": {"type": "http", "id": "verdicts"},
        "type": "http",
        "request": {"method": "GET", "url": f"{mocks('vllm')}/v1/models"},
        "response": [],
        "event": [{"listen": "test", "script": {"exec": script.splitlines()}}],
    }
    scenario = {
        "apidogCli": "1.1",
        "info": {"name": "verdicts"},
        "item": [{"id": "all", "name": "verdicts", "item": [step]}],
    }
    (tmp_path / "s.json").write_text(json.dumps(scenario))
    program = Path(external.__file__)
    # The clients find `python` on the PATH.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setattr(
        Tools,
        "environment",
        lambda _self: {**os.environ, "PATH": path, external.TARGET: TARGET},
    )

    tools.run("apidog", "run", "s.json", "-r", "junit", "--out-dir", tmp_path,
              "--external-program-path", program.parent,
              "--out-file", "r", cwd=tmp_path, code=1)  # fmt: skip

    expected = contract.verify(TARGET, select=["reasoning", "usage.sums-up"])
    found = outcomes(import_report(tmp_path / "r.xml"))
    assert found == outcomes(expected)
    assert found["usage.sums-up"] is Outcome.PASS
    assert {Outcome.FAIL, Outcome.SKIP} <= set(found.values())
