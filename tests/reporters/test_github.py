"""The GitHub reporter, read as the runner of GitHub Actions reads a log."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.check import Check, Finding
from contract.reporters.github import LONGEST_TITLE, MOST, github
from contract.run.report import Outcome, Report, Result


def read(report):
    """(level, title, message) of each annotation, decoded as `ActionCommand` does."""
    found = []
    for line in github.render(report).splitlines():
        level, title, data = re.fullmatch(
            r"::(\w+) title=([^:,]*)::(.*)", line
        ).groups()
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":")):
            title = title.replace(code, character)
            data = data.replace(code, character) if code != "%3A" else data
        title = title.replace("%2C", ",").replace("%25", "%")
        found.append((level, title, data.replace("%25", "%")))
    return found


def failing(report, number, **more):
    first = next(r for r in report.results if r.outcome is Outcome.FAIL)
    checks = [replace(first.check, id=f"family.check-{n}") for n in range(number)]
    return tuple(replace(first, check=check, **more) for check in checks)


def test_the_text_is_golden(report, golden):
    text = github.render(report)

    assert golden("report.github.txt", text) == text


def test_errors_fail_the_run_and_come_first(report):
    assert [(level, title) for level, title, _ in read(report)] == [
        ("error", "reasoning.precedes-answer (MUST) on mock:vllm"),
        ("error", "1 check could not be judged on mock:vllm"),
        ("warning", "usage.counts-reasoning (SHOULD) on mock:vllm"),
    ]


def test_strict_makes_a_warning_an_error(report):
    assert {level for level, _, _ in read(replace(report, strict=True))} == {"error"}


def test_a_passed_run_has_no_annotation(passed):
    assert github.render(passed) == ""


def test_a_message_has_the_findings_the_hint_and_the_command(report):
    _, _, message = read(report)[0]
    lines = message.split("\n")

    assert lines[0] == "The requirement of reasoning.precedes-answer MUST be met."
    assert lines[1] == "reasoning resumed after the answer began"
    assert any(line.startswith("  hint      start it with") for line in lines)
    assert any(line.startswith("again: magistral-contract verify") for line in lines)
    assert "replies: broken in 7 of 231 replies: all streamed, with tools" in lines
    assert lines[-1] == "source: OpenAI API reference"


def test_a_target_that_is_not_fully_judged_is_the_first_error(report):
    header = replace(report.headers[-1], trouble="nothing listens:\nrefused")
    level, title, message = read(replace(report, headers=(header,)))[0]

    assert (level, title) == ("error", "mock:vllm is not fully judged")
    assert message == "nothing listens:\nrefused"


def test_checks_that_share_a_reason_share_an_annotation(report):
    dead = failing(report, 300, outcome=Outcome.ERROR, findings=(), reason="it is gone")
    ((level, title, message),) = read(replace(report, results=dead))

    assert (level, title) == ("error", "300 checks could not be judged on mock:vllm")
    assert message.startswith("it is gone\nfamily.check-0, family.check-1, ")


def test_the_last_of_too_many_names_the_others(report):
    found = read(replace(report, results=failing(report, 25)))

    assert len(found) == MOST
    level, title, message = found[-1]
    assert (level, title) == ("error", "and 16 more")
    assert message.split("\n")[0] == "family.check-9 (MUST) on mock:vllm"
    assert message.split("\n")[-1] == "family.check-24 (MUST) on mock:vllm"
    assert len(read(replace(report, results=failing(report, MOST)))) == MOST


def test_a_line_is_shorter_than_what_github_cuts(report):
    long = "\U0001f600%" * 100_000
    findings = tuple(Finding(long, long, long, long, long) for _ in range(9))
    results = failing(report, 1, findings=findings, target=long)
    (line,) = github.render(replace(report, results=results)).splitlines()
    ((_, title, message),) = read(replace(report, results=results))

    assert len(message.encode()) <= 64 * 1024
    assert len(title) <= LONGEST_TITLE
    assert line.count("::") == 2


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
@given(text=st.text(st.characters(codec=None)))
def test_any_text_is_one_line(outcome, text):
    check = Check(id="a.b", requirement=text, source=text, sends=(), judge=iter)
    finding = Finding(text, text, text, text, text)
    result = Result(
        check=check, target=text, outcome=outcome, findings=(finding,), reason=text
    )

    (line,) = github.render(Report(headers=(), results=(result,))).split("\n")[:-1]
    assert re.match(r"::(error|warning) title=[^:,]*::", line)
