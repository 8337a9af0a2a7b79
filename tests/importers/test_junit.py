"""JUnit reports of both clients list every test."""

from __future__ import annotations

import pytest

from contract.importers.junit import junit


@pytest.mark.parametrize("name", ["newman-6.2.2.xml", "apidog-cli-2.2.9.xml"])
def test_every_test_has_its_outcome(client_report, name):
    run = junit.read(client_report(name))

    assert (run.title, run.requests) == ("verdicts", 7)
    assert run.started.startswith("2026-11-26T")
    assert len(run.assertions) == 7
    failed = [one for one in run.assertions if one.failure is not None]
    assert [one.name.partition(":")[0] for one in failed] == [
        "reasoning.present",
        "streaming.carries-text",
    ]
    assert failed[1].failure == "cannot be judged: the server could not answer (503)"


def test_cases_that_were_skipped_or_in_error():
    run = junit.read(
        "<testsuite><testcase name='a'><skipped/></testcase>"
        "<testcase name='b' time='x'><error message='m'/></testcase></testsuite>"
    )

    assert [(o.name, o.skipped, o.failure) for o in run.assertions] == [
        ("a", True, None),
        ("b", False, "m"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{}", id="json"),
        pytest.param("<testsuites>", id="cut-off"),
        pytest.param("<html></html>", id="html"),
        pytest.param(
            '<!DOCTYPE a [<!ENTITY b "c">]><testsuite>&b;</testsuite>', id="entities"
        ),
    ],
)
def test_other_text_is_no_junit_report(text):
    assert junit.read(text) is None
