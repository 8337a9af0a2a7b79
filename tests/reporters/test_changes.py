"""What changed since the baseline, in each report for people."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.hostile import ATTACKS, obeyed

from contract.model.check import Finding
from contract.model.redaction import SECRETS, register_secret
from contract.plugins.discovery import find
from contract.reporters.base import Reporter, by_target
from contract.reporters.changes import (
    NO_STREAMS,
    changes_to_json,
    newly_failed,
    since_baseline,
)
from contract.run.compare import Change
from contract.run.latencies import StreamTimes
from contract.run.report import Outcome, Report

FOR_PEOPLE = ("console", "html", "markdown")
TARGET = "mock"


def streams(seconds):
    return tuple(StreamTimes(request="sum", ttft=seconds + n / 1e5) for n in range(20))


def shown(kind, report):
    return find("reporters", Reporter)[kind].render(report)


def failing(report, message="the field is gone"):
    """The report with its first check failed."""
    first, *others = report.results
    broken = replace(first, outcome=Outcome.FAIL, findings=(Finding(message),))
    return replace(report, results=(broken, *others))


@pytest.fixture
def changed(passed):
    """A run that broke, fixed, lost and gained a check, and is slower."""
    _, usage, skipped = passed.results
    gone = replace(usage, check=replace(usage.check, id="usage.is-gone"))
    fixed = replace(usage, outcome=Outcome.FAIL, findings=(Finding("was wrong"),))
    before = replace(
        passed,
        results=(passed.results[0], fixed, skipped, gone),
        streams={TARGET: streams(0.03)},
    )
    after = failing(passed)
    new = replace(usage, check=replace(usage.check, id="usage.is-new"))
    return replace(
        after,
        results=(*after.results, new),
        streams={TARGET: streams(0.08)},
        baseline=before,
    )


@pytest.mark.parametrize("kind", FOR_PEOPLE)
def test_a_report_for_people_says_what_changed(changed, kind):
    text = shown(kind, changed)

    assert "1 worse, 1 better, 1 no longer judged, 1 newly judged" in text
    assert "2026-08-01T12:00:00+00:00" in text
    for name in ("streaming.ends-with-done", "usage.sums-up", "usage.is-gone"):
        assert name in text.partition("hat changed")[2]
    assert "30.1 ms" in text.replace("\\", "")
    assert "slower" in text


@pytest.mark.parametrize("kind", [*FOR_PEOPLE, "github"])
def test_without_a_baseline_nothing_is_said_of_it(changed, kind):
    text = shown(kind, replace(changed, baseline=None))

    assert "hat changed" not in text
    assert "baseline" not in text


def test_an_annotation_says_that_a_failure_is_new(changed):
    old = replace(changed, baseline=replace(changed, baseline=None))

    assert shown("github", changed).count("new since the baseline") == 1
    assert newly_failed(changed) == {(TARGET, "streaming.ends-with-done")}
    assert "baseline" not in shown("github", old)


def test_the_json_report_has_the_changes_as_compare_has_them(changed):
    document = json.loads(shown("json", changed))

    (one,) = document["changes"]
    assert one == changes_to_json(next(since_baseline(changed)))
    assert [check["check"] for check in one["changes"]["worse"]] == [
        "streaming.ends-with-done"
    ]


@pytest.mark.parametrize("kind", ["junit", "csv", "sarif"])
def test_a_report_for_programs_is_that_of_the_run(changed, kind):
    assert shown(kind, changed) == shown(kind, replace(changed, baseline=None))


def test_the_exit_code_is_that_of_the_run(passed):
    bad = failing(passed)

    assert replace(passed, baseline=bad).exit_code == 0
    assert replace(bad, baseline=passed).exit_code == bad.exit_code == 1


def test_a_single_target_may_have_another_name(passed):
    (header,) = passed.headers
    moved = replace(
        passed,
        headers=(replace(header, target="new"),),
        results=tuple(replace(r, target="new") for r in passed.results),
        baseline=passed,
    )
    (part,) = by_target(moved)
    (found,) = since_baseline(part)

    assert (found.before.target, found.after.target) == (TARGET, "new")
    assert len(found.changes[Change.SAME]) == len(passed.results)


def test_of_several_targets_each_is_compared_with_its_own(report, passed):
    parts = [*by_target(replace(report, baseline=passed))]

    assert [len([*since_baseline(part)]) for part in parts] == [1, 0]


@pytest.mark.parametrize("kind", FOR_PEOPLE)
def test_a_baseline_without_times_says_so(changed, kind):
    bare = replace(changed, baseline=replace(changed.baseline, streams={}))

    assert NO_STREAMS[:30] in shown(kind, bare)


@pytest.mark.parametrize("kind", [*FOR_PEOPLE, "github"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_the_text_of_a_baseline_is_inert(passed, kind, attack):
    header = replace(passed.headers[0], model=attack, trouble=attack)
    bad = replace(failing(passed, attack), headers=(header,))
    report = replace(failing(passed, attack + "2"), baseline=bad)

    commands = find("reporters", Reporter)[kind].commands

    assert not obeyed(shown(kind, report), commands)


@pytest.mark.parametrize("kind", FOR_PEOPLE)
def test_a_secret_in_a_baseline_is_masked(passed, kind):
    key = "sk-of-an-earlier-run-0123456789"
    header = replace(passed.headers[0], model=key)
    with SECRETS.scope():
        register_secret(key)
        text = shown(kind, replace(passed, baseline=replace(passed, headers=(header,))))

    assert key not in text
    assert "***" in text.replace("\\", "")


def test_many_changes_are_folded_on_the_page(passed):
    first = passed.results[0]
    many = tuple(
        replace(first, check=replace(first.check, id=f"streaming.c{n}"))
        for n in range(100)
    )
    after = Report(headers=passed.headers, results=passed.results)
    page = shown("html", replace(after, baseline=replace(passed, results=many)))

    assert '<details class="since">' in page
    assert '<details class="since" open>' in shown(
        "html", replace(passed, baseline=passed)
    )
