"""The JUnit reporter."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree as ET

import junitparser
import pytest
import test_results_parser
from hypothesis import given
from hypothesis import strategies as st
from junit2htmlreport import parser as junit2html
from support.hostile import HOSTILE

from contract.model.check import Check, Finding
from contract.reporters.junit import junit
from contract.run.report import Outcome, Report, Result


def test_the_text_is_golden(report, golden):
    text = junit.render(report)

    assert golden("report.xml", text) == text


def test_counts_agree_with_the_exit_code(report):
    read = junitparser.JUnitXml.fromstring(junit.render(report).encode())

    assert (read.tests, read.failures, read.errors, read.skipped) == (13, 1, 1, 8)


def by_codecov(report):
    """The outcomes by name that Codecov's parser reads."""
    found = test_results_parser.parse_junit_xml(junit.render(report).encode())
    return Counter(str(run.outcome) for run in found.testruns)


def by_junit2html(report, path):
    """The suites, cases and page of junit2html, which GitLab jobs show."""
    path.write_text(junit.render(report), "utf-8")
    read = junit2html.Junit(str(path))
    cases = [
        case
        for suite in read.suites
        for group in suite.classes.values()
        for case in group.cases
    ]
    return read.suites, Counter(str(case.outcome()) for case in cases), read.html()


def test_other_parsers_read_the_same_counts(report, tmp_path):
    suites, outcomes, page = by_junit2html(report, tmp_path / "report.xml")

    assert by_codecov(report) == {"pass": 3, "failure": 1, "error": 1, "skip": 8}
    assert [suite.name for suite in suites] == ["mock", "mock:vllm"]
    # It has no outcome of its own for an error.
    assert outcomes == {"passed": 3, "failed": 2, "skipped": 8}
    assert "magistral-contract verify mock:vllm --select schema.error" in page


def test_other_parsers_read_the_texts_of_a_server(report, tmp_path):
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
    finding = Finding(HOSTILE, HOSTILE, HOSTILE)
    hostile = replace(report, results=(replace(failed, findings=(finding,)),))
    _, outcomes, page = by_junit2html(hostile, tmp_path / "report.xml")

    assert by_codecov(hostile) == {"failure": 1}
    assert outcomes == {"failed": 1}
    assert "<script>alert(1)</script>" not in page


@pytest.mark.parametrize("failed", [True, False])
def test_other_parsers_see_a_target_that_is_not_judged(passed, tmp_path, failed):
    header = replace(passed.headers[0], trouble="nothing listens", failed=failed)
    dead = Report(headers=(header,), results=())
    _, outcomes, _ = by_junit2html(dead, tmp_path / "report.xml")

    assert by_codecov(dead) == {"failure" if failed else "error": 1}
    assert outcomes == {"failed": 1}


def test_a_failure_contains_the_findings_and_the_command(report):
    read = junitparser.JUnitXml.fromstring(junit.render(report).encode())
    cases = {case.name: case for suite in read for case in suite}
    failure = cases["reasoning.precedes-answer"].result[0]

    assert (
        failure.message == "The requirement of reasoning.precedes-answer MUST be met."
    )
    assert "only answer text after event 9" in failure.text
    assert "magistral-contract verify mock:vllm --select" in failure.text
    assert cases["reasoning.precedes-answer"].classname == "reasoning"


def test_a_should_fails_the_build_only_if_strict(report):
    strict = Report(headers=report.headers, results=report.results, strict=True)
    lax_read = junitparser.JUnitXml.fromstring(junit.render(report).encode())
    strict_read = junitparser.JUnitXml.fromstring(junit.render(strict).encode())

    assert (lax_read.failures, strict_read.failures) == (1, 2)


def test_a_failed_should_is_a_warning(report):
    read = junitparser.JUnitXml.fromstring(junit.render(report).encode())
    cases = {case.name: case for suite in read for case in suite}
    (skipped,) = cases["usage.counts-reasoning"].result

    assert skipped.message.startswith("warning: SHOULD failed: reasoning resumed")


def test_timings_are_properties(timed):
    read = junitparser.JUnitXml.fromstring(junit.render(timed).encode())
    case = next(c for suite in read for c in suite if c.name == "schema.error")
    properties = {
        p.name: p.value
        for child in case.iterchildren(junitparser.Properties)
        for p in child
    }

    assert properties["ttft"] == "0.052000"
    assert properties["e2e"] == "0.200000"


@pytest.mark.parametrize("outcome", list(Outcome))
@given(text=st.text(st.characters(codec=None)))
def test_any_text_survives(outcome, text):
    check = Check(id="a.b", requirement=text, source=text, sends=(), judge=iter)
    finding = Finding(text, text, text, text)
    result = Result(
        check=check, target=text, outcome=outcome, findings=(finding,), reason=text
    )

    text_read = junit.render(Report(headers=(), results=(result,)))
    root = ET.fromstring(text_read)  # noqa: S314  # our own text

    assert [case.get("name") for case in root.iter("testcase")] == ["a.b"]
    assert not re.search("[\x00-\x08\ufffe\ud800-\udfff]", "".join(root.itertext()))


def test_a_target_that_fails_before_any_check_is_a_failure(passed):
    header = replace(passed.headers[0], trouble="POST is redirected", failed=True)
    text = junit.render(Report(headers=(header,), results=()))
    read = junitparser.JUnitXml.fromstring(text.encode())

    assert (read.tests, read.failures, read.errors) == (1, 1, 0)


def test_an_unreachable_target_is_an_error(passed):
    header = replace(passed.headers[0], trouble="nothing listens")
    text = junit.render(Report(headers=(header,), results=()))
    read = junitparser.JUnitXml.fromstring(text.encode())

    assert (read.tests, read.errors) == (1, 1)
    assert "nothing listens" in text
