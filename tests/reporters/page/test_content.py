"""The arrangement of the page: sources, sentences, marks and cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.reporters.page.content import Limits, arrange
from contract.run.report import Header, Outcome, Report

LIMITS = Limits(text=100, findings=1, exchanges=1, body=500)


def sources(report, source):
    check = replace(report.results[0].check, source=source)
    only = replace(report, results=(replace(report.results[0], check=check),))
    (family,) = arrange(only, LIMITS).families
    return family.rows[0].sources


@pytest.mark.parametrize(
    ("source", "links"),
    [
        pytest.param("RFC 9110 7.6.3", [], id="words"),
        pytest.param("see https://a.test/b#c; x", ["https://a.test/b#c"], id="address"),
        pytest.param(
            "vllm-project/vllm#12",
            ["https://github.com/vllm-project/vllm/issues/12"],
            id="issue",
        ),
        pytest.param("javascript:alert(1)", [], id="script"),
        pytest.param("data:text/html,x file:///etc", [], id="other-schemes"),
    ],
)
def test_addresses_and_issues_in_a_source_are_links(passed, source, links):
    found = sources(passed, source)

    assert "".join(text for text, _ in found) == source
    assert [address for _, address in found if address] == links


def test_a_cause_is_one_sentence_with_its_replies(report):
    part = arrange(report, LIMITS).parts[1]

    assert part.causes[0].first.sentence == (
        "Reasoning resumed after the answer began; broken in 7 of 231 replies: all "
        "streamed, with tools."
    )
    assert part.causes[0].first.mark == "fail"


def failures(report, *hints):
    """The causes of a report that fails once for each of *hints*, in one family."""
    template = next(r for r in report.results if r.outcome is Outcome.FAIL)
    results = tuple(
        replace(
            template,
            check=replace(template.check, id=f"reasoning.c{number}"),
            findings=(replace(template.findings[0], hint=hint),),
            again=f"verify t --select reasoning.c{number}",
        )
        for number, hint in enumerate(hints)
    )
    (part,) = arrange(replace(report, headers=(), results=results), LIMITS).parts
    return part.causes


def test_failures_with_the_same_hint_have_one_cause(report):
    first, second = failures(report, "set a", "set b", "set a")

    assert (first.hint, second.hint) == ("Set a", "Set b")
    assert [s.check.id for s in first.symptoms] == ["reasoning.c2"]
    assert first.again == "verify t --select reasoning.c0 --select reasoning.c2"
    assert second.symptoms == ()


def test_failures_without_a_hint_are_causes_of_their_own(report):
    assert [cause.hint for cause in failures(report, "", "")] == ["", ""]


def test_what_users_notice_is_said_once_for_a_family(report):
    first, second = failures(report, "", "")

    assert (bool(first.users), bool(second.users)) == (True, False)


def test_a_row_has_a_cell_for_each_target(report):
    content = arrange(report, LIMITS)
    rows = {row.check.id: row.cells for f in content.families for row in f.rows}

    assert [mark for mark, _ in rows["streaming.ends-with-done"]] == ["pass", "pass"]
    assert rows["usage.sums-up"] == (("pass", ""), ("", ""))
    assert rows["reasoning.precedes-answer"][1] == ("fail", "check-1-1")
    assert content.checks == len(rows)


def test_checks_that_failed_on_some_targets_only_are_listed(report):
    first, second = report.headers
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
    passed = replace(failed, outcome=Outcome.PASS, target=first.target)
    skipped = replace(passed, outcome=Outcome.SKIP, target=second.target)
    other = replace(failed.check, id="a.b")
    results = (
        *(passed, failed),
        *(replace(passed, check=other), replace(skipped, check=other)),
    )
    content = arrange(replace(report, results=results), LIMITS)

    assert [row.check.id for row in content.differing] == [failed.check.id]
    assert len(content.rows) == 2


def test_what_is_left_out_is_counted(timed):
    details = [d for f in arrange(timed, LIMITS).families for d in f.details]
    failed = next(d for d in details if d.mark == "fail")

    assert (len(failed.findings), failed.further) == (1, 1)
    assert (len(failed.exchanges), failed.unshown) == (1, 0)


def test_an_exchange_of_several_checks_is_shown_once(timed):
    content = arrange(timed, LIMITS)
    shown = [s for f in content.families for d in f.details for s in d.exchanges]
    same = [s for s in shown if s.excerpt is None]

    assert len(shown) > 1
    assert {s.anchor for s in same} <= {s.anchor for s in shown if s.excerpt}


def test_reasons_why_checks_could_not_be_judged_are_counted(report):
    assert arrange(report, LIMITS).parts[1].unjudged == (
        ("1 check", "the server could not answer (503)"),
    )


@pytest.mark.parametrize(
    ("outcome", "trouble", "mark"),
    [
        (Outcome.PASS, "", "pass"),
        (Outcome.FAIL, "", "fail"),
        (Outcome.ERROR, "", "error"),
        (Outcome.SKIP, "", "error"),
        (Outcome.PASS, "it could not be reached", "error"),
    ],
)
def test_the_colour_of_the_verdict_corresponds_to_the_exit_code(
    passed, outcome, trouble, mark
):
    header: Header = replace(passed.headers[0], trouble=trouble)
    result = replace(passed.results[0], outcome=outcome)
    report = Report(headers=(header,), results=(result,))

    assert arrange(report, LIMITS).mark == mark


def test_a_passed_run_with_warnings_is_marked_as_one(passed):
    warned = replace(passed.results[1], outcome=Outcome.FAIL)

    assert arrange(replace(passed, results=(warned,)), LIMITS).mark == "warning"


def test_pictures_are_drawn_for_the_first_targets_only(report):
    headers = tuple(replace(report.headers[0], target=f"t{n}") for n in range(6))
    parts = arrange(Report(headers=headers, results=()), LIMITS).parts

    assert [bool(part.pictures) for part in parts] == [True] * 4 + [False] * 2
