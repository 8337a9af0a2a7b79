"""The JSON form of a verdict, and the sentence in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.check import Check, Finding
from contract.model.redaction import SECRETS
from contract.plugins.discovery import find
from contract.run.report import Header, Outcome, Report, Result
from contract.verdicts.verdict import message_of, summary_json, verdict_json, worst

CHECK = find("checks", Check)["usage.sums-up"]
HEADER = Header(
    target="mock",
    url="http://127.0.0.1:1",
    profile="vllm-0.32",
    why="declared",
    model="m",
    version="0",
    started="2026-01-01T00:00:00+00:00",
)
FAILED = Result(
    check=CHECK,
    target="mock",
    outcome=Outcome.FAIL,
    findings=(
        Finding("the sum is wrong", "7", "8", "the usage", "update it."),
        Finding("again"),
    ),
    again="magistral-contract verify mock --select usage.sums-up",
)
PASSED = replace(FAILED, outcome=Outcome.PASS, findings=())
REPORT = Report(headers=(HEADER,), results=(PASSED, FAILED))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        pytest.param(PASSED, "", id="passed"),
        pytest.param(
            FAILED,
            "the sum is wrong (expected 7; actual 8; at the usage). Hint: update it. "
            "Further findings: 1.",
            id="failed",
        ),
        pytest.param(
            replace(FAILED, findings=(Finding("two\nlines"),)), "two lines.", id="lines"
        ),
        pytest.param(
            replace(FAILED, outcome=Outcome.WAIVED, reason="a/b#1: known"),
            "a/b#1: known",
            id="waived",
        ),
        pytest.param(
            replace(PASSED, outcome=Outcome.SKIP, reason="not offered"),
            "not offered",
            id="skipped",
        ),
    ],
)
def test_the_message_is_one_line_of_what_there_is_to_say(result, message):
    assert message_of(result) == message


def test_a_verdict_has_the_members_of_the_report_and_its_run():
    value = verdict_json(REPORT, FAILED, "3")

    assert value["check"] == CHECK.id
    assert value["requirement"] == CHECK.requirement
    assert (value["outcome"], value["violates"], value["run"]) == ("fail", True, "3")
    assert value["hints"] == ["update it."]
    assert value["again"] == FAILED.again
    assert (value["profile"], value["model"]) == ("vllm-0.32", "m")
    assert "requests" not in value


def test_a_verdict_is_strict_as_its_report_is():
    should = replace(CHECK, requirement="It SHOULD hold.")
    failed = replace(FAILED, check=should)
    lax = Report(headers=(), results=(failed,))

    assert verdict_json(lax, failed, "1")["violates"] is False
    assert verdict_json(replace(lax, strict=True), failed, "1")["violates"] is True


def test_the_summary_has_a_line_for_each_result():
    value = summary_json(REPORT, "1")

    assert [line["outcome"] for line in value["verdicts"]] == ["pass", "fail"]
    assert value["verdicts"][1]["path"] == "/verdicts/usage.sums-up"
    assert value["verdict"].startswith("FAILED: 1 MUST failed, 1 check passed")
    assert value["exit_code"] == 1


def test_secrets_are_masked():
    finding = Finding("the server echoed sk-of-mine-12345")
    failed = replace(FAILED, findings=(finding,))
    report = replace(REPORT, results=(failed,))
    with SECRETS.scope():
        SECRETS.register("sk-of-mine-12345")
        texts = f"{verdict_json(report, failed, '1')} {summary_json(report, '1')}"

    assert "sk-of-mine" not in texts
    assert "the server echoed ***" in texts


def test_the_worst_of_several_targets_is_found():
    assert worst(REPORT, REPORT.results) is FAILED
    assert worst(REPORT, ()) is None
