"""The JUnit reporter."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.check import Check, Finding
from contract.reporters.junit import junit
from contract.run.report import Outcome, Report, Result


def test_the_text_is_golden(report, golden):
    text = junit.render(report)

    assert golden("report.xml", text) == text


def test_counts_agree_with_the_exit_code(report):
    read = junitparser.JUnitXml.fromstring(junit.render(report).encode())

    assert (read.tests, read.failures, read.errors, read.skipped) == (13, 1, 1, 8)


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
