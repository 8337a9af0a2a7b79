"""The SARIF reporter, read by the published schema and as GitHub reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import ATTACKS

from contract.model.check import Check, Finding
from contract.plugins.discovery import find
from contract.reporters.sarif import LONGEST, MOST_FINDINGS, help_address, sarif
from contract.run.report import Outcome, Report, Result

SCHEMA = Path(__file__).parents[2] / "fixtures" / "sarif" / "sarif-2.1.0-rtm.5.json"
# The pattern of `run.language`, which reports do not have, is no regular expression.
VALID = jsonschema_rs.validator_for(
    json.loads(SCHEMA.read_text("utf-8").replace("{2}]?$", "{2}$")),
    validate_formats=True,
)
HOUSE = ("house rule", "openapi.yaml", "0xPlaygrounds/rig, recorded")


def read(report):
    """The only run of a log, which is valid."""
    log = json.loads(sarif.render(report))
    VALID.validate(log)
    (run,) = log["runs"]
    return run


def results_of(run):
    return {one["ruleId"]: one for one in run["results"]}


def test_the_text_is_golden(report, golden):
    text = sarif.render(report)

    assert golden("report.sarif", text) == text


def test_the_schema_is_enforced(report):
    log = json.loads(sarif.render(report))
    log["runs"][0]["results"][0]["level"] = "fatal"

    assert not VALID.is_valid(log)


def test_what_failed_or_is_waived_is_a_result(report):
    found = results_of(read(report))

    assert {name: one["level"] for name, one in found.items()} == {
        "reasoning.precedes-answer": "error",
        "usage.counts-reasoning": "warning",
        "rejections.unknown-model": "note",
    }
    assert [one for one in found.values() if "suppressions" in one] == [
        found["rejections.unknown-model"]
    ]
    (suppression,) = found["rejections.unknown-model"]["suppressions"]
    assert suppression["justification"].startswith("vllm-project/vllm#1: answers 404")


def test_strict_makes_a_should_an_error(report):
    found = results_of(read(replace(report, strict=True)))

    assert found["usage.counts-reasoning"]["level"] == "error"


def test_a_message_begins_with_the_finding_and_names_the_target(report):
    found = results_of(read(report))["reasoning.precedes-answer"]
    first, second, *rest = found["message"]["text"].splitlines()

    assert first.startswith("reasoning resumed after the answer began: expected only")
    assert "at event 11, +0.134 s." in first
    assert second.startswith("hint: start it with --reasoning-parser")
    assert "target: mock:vllm" in rest
    assert any(line.startswith("again: magistral-contract verify") for line in rest)
    assert found["properties"]["findings"][0]["actual"].startswith("reasoning so \\x1b")


def test_every_check_is_a_rule_at_its_index(report):
    run = read(report)
    rules = run["tool"]["driver"]["rules"]

    assert {rule["id"] for rule in rules} == {one.check.id for one in report.results}
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
    rule = next(rule for rule in rules if rule["id"] == "usage.counts-reasoning")
    assert rule["defaultConfiguration"] == {"level": "warning"}
    assert rule["properties"]["tags"] == ["usage", "SHOULD"]
    assert rule["helpUri"] == "https://platform.openai.com/docs/api-reference/chat"


def test_github_gets_what_it_requires(report):
    """A file and a line, a description, at most 20 tags, a fingerprint."""
    run = read(report)

    for one in run["results"]:
        (location,) = one["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "pyproject.toml"}
        assert place["region"]["startLine"] == 1
        assert location["logicalLocations"][0]["fullyQualifiedName"] == "mock:vllm"
        assert one["partialFingerprints"]["primaryLocationLineHash"].endswith(":1")
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["markdown"]
        assert len(rule["properties"]["tags"]) <= 20


def test_an_alert_is_the_same_while_its_check_and_target_are(report):
    other = replace(
        report,
        results=tuple(
            replace(r, findings=(Finding("another message"),)) if r.findings else r
            for r in report.results
        ),
    )
    moved = replace(
        report, results=tuple(replace(r, target="mock:b") for r in report.results)
    )

    def prints(one):
        return [found["partialFingerprints"] for found in read(one)["results"]]

    assert prints(report) == prints(other)
    hashes = {one["primaryLocationLineHash"] for one in prints(report) + prints(moved)}
    assert len(hashes) == len(prints(report) + prints(moved)) == 6


def test_what_could_not_be_judged_is_a_notification(report):
    fine, mixed = read(report)["invocations"]
    (notification,) = mixed["toolExecutionNotifications"]

    assert (fine["executionSuccessful"], fine["toolExecutionNotifications"]) == (
        True,
        [],
    )
    assert notification["associatedRule"]["id"] == "schema.error"
    assert notification["message"]["text"] == "the server could not answer (503)"
    assert mixed["properties"]["profile"] == "vllm-0.16"
    assert fine["startTimeUtc"] == "2026-08-01T12:00:00.000000Z"
    assert fine["endTimeUtc"] == "2026-08-01T12:00:01.250000Z"


def test_an_unreachable_target_is_no_success(passed):
    header = replace(passed.headers[0], trouble="nothing listens", started="")
    run = read(Report(headers=(header,), results=()))
    (invocation,) = run["invocations"]

    assert run["results"] == []
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "nothing listens"
    assert "startTimeUtc" not in invocation


def test_a_target_that_fails_before_any_check_is_a_result(passed):
    header = replace(passed.headers[0], trouble="POST is redirected", failed=True)
    run = read(Report(headers=(header,), results=()))
    (found,) = run["results"]

    assert (found["ruleId"], found["level"]) == ("target.fully-judged", "error")
    assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]


def test_many_and_long_findings_are_bounded(report):
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
    findings = tuple(Finding(f"{n} {'x' * 10_000}") for n in range(1_000))
    curl = f"curl {'y' * 1_000_000}"
    large = replace(report, results=(replace(failed, findings=findings, curl=curl),))
    (found,) = read(large)["results"]

    assert f"and {1_000 - MOST_FINDINGS} more findings" in found["message"]["text"]
    assert len(sarif.render(large)) < 6 * MOST_FINDINGS * LONGEST
    assert "request" not in found["properties"]


@pytest.mark.parametrize("text", ATTACKS)
def test_a_message_has_no_link(report, text):
    """SARIF 3.11.6: `[text](target)` in a message is a link."""
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
    finding = Finding(f"{text} [a](https://evil.example)", text, text, text, text)
    poisoned = replace(failed, findings=(finding,), target=text)
    (found,) = read(Report(headers=(), results=(poisoned,)))["results"]

    assert "](" not in found["message"]["text"]


@pytest.mark.parametrize("outcome", list(Outcome))
@given(text=st.text(st.characters(codec=None)))
def test_any_text_is_valid(outcome, text):
    check = Check(id="a.b", requirement=text, source=text, sends=(), judge=iter)
    finding = Finding(text, text, text, text, text)
    result = Result(
        check=check, target=text, outcome=outcome, findings=(finding,), reason=text
    )

    read(Report(headers=(), results=(result,)))


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("ollama/ollama#3839", "https://github.com/ollama/ollama/issues/3839"),
        ("RFC 9110 §15.5", "https://www.rfc-editor.org/rfc/rfc9110"),
        ("CWE-209: x", "https://cwe.mitre.org/data/definitions/209.html"),
        ("see https://a.example/b#c; RFC 1", "https://a.example/b#c"),
        ("https://a.example/b: temperature", "https://a.example/b"),
        ("a house rule", ""),
        ("https://[", ""),
        ("https://a b", ""),
    ],
)
def test_the_address_of_a_source(source, address):
    assert address == help_address(source)


def test_each_check_that_cites_a_document_has_its_address():
    """A new way to cite needs an address, or a line in HOUSE."""
    without = {
        check.source
        for check in find("checks", Check).values()
        if not help_address(check.source)
    }

    assert [one for one in without if not one.startswith(HOUSE)] == []
