"""Building blocks that reporters share."""

from __future__ import annotations

import pkgutil
from dataclasses import replace

import pytest

from contract import reporters
from contract.model.check import Finding
from contract.model.escape import escape_controls
from contract.model.exchange import End
from contract.plugins.discovery import find
from contract.reporters.base import (
    Reporter,
    again_all,
    by_family,
    by_target,
    causes_first,
    describe_findings,
    figures,
    format_figure,
    observed,
    verdict,
)
from contract.run.report import Outcome, Report, Tally


def test_every_module_defines_a_reporter_with_a_file_suffix():
    modules = {
        info.name
        for info in pkgutil.iter_modules(reporters.__path__)
        if not info.ispkg  # what a reporter is made of
    }
    found = find("reporters", Reporter)
    homes = {entry.render.__module__.rpartition(".")[2] for entry in found.values()}

    assert modules - {"attribution", "base", "changes"} <= homes
    assert all(entry.suffix.startswith(".") for entry in found.values())


def test_a_report_is_split_by_target(report):
    parts = list(by_target(report))

    assert [part.headers[0].target for part in parts] == ["mock", "mock:vllm"]
    assert report.results == tuple(r for part in parts for r in part.results)


def test_results_are_counted_by_family_sorted_by_name(report):
    counts = by_family(report.results)

    assert sorted(counts) == list(counts)
    assert counts["multimodal"] == {Outcome.SKIP: 3}
    assert {o: counts["usage"][o] for o in (Outcome.PASS, Outcome.SKIP)} == {
        Outcome.PASS: 1,
        Outcome.SKIP: 0,
    }


def test_verdict_of_a_passed_run(passed):
    expected = "PASSED: 2 checks passed, 1 skipped (slow; add --slow)."

    assert expected == verdict(passed)


def test_verdict_of_a_failed_run(report):
    expected = (
        "FAILED with 1 warning: 1 MUST failed, 1 SHOULD failed, "
        "1 check could not be judged, 3 checks passed, 1 waived, 6 skipped."
    )

    assert expected == verdict(report)


def test_a_failure_beside_passed_is_a_warning(report):
    should, may = (
        replace(result, check=replace(result.check, requirement=f"It {level} work."))
        for result in report.results
        if result.outcome is Outcome.FAIL and result.check.level == "SHOULD"
        for level in ("SHOULD", "MAY")
    )
    good = next(r for r in report.results if r.outcome is Outcome.PASS)
    one = replace(report, results=(should, good))
    two = replace(report, results=(should, may, good))

    assert verdict(one) == "PASSED with 1 warning: 1 SHOULD failed, 1 check passed."
    assert verdict(two) == (
        "PASSED with 2 warnings: 1 SHOULD failed, 1 MAY failed, 1 check passed."
    )
    assert verdict(replace(one, strict=True)).startswith("FAILED: 1 SHOULD failed, ")


def test_verdict_corresponds_to_the_exit_code(passed):
    first = passed.results[0]
    error = replace(first, outcome=Outcome.ERROR)
    unjudged = replace(passed, results=(error,))
    crashed = replace(passed, results=(replace(error, broken=True),))
    empty = Report(headers=passed.headers, results=())

    assert (
        verdict(unjudged) == "INCONCLUSIVE: 1 check could not be judged, "
        "0 checks passed."
    )
    assert verdict(crashed) == "ERROR: 1 check crashed, 0 checks passed."
    assert verdict(empty) == "NOTHING CHECKED: 0 checks passed."


def test_a_target_that_is_not_fully_judged_is_inconclusive(passed):
    header = replace(passed.headers[0], trouble="interrupted")
    report = replace(passed, headers=(header,))

    assert report.exit_code == 3
    assert verdict(report).startswith("INCONCLUSIVE: 1 target not fully judged, 2 ")


def test_skipped_checks_alone_do_not_pass(passed):
    skipped = tuple(r for r in passed.results if r.outcome is Outcome.SKIP)

    assert verdict(replace(passed, results=skipped)).startswith("NOTHING CHECKED: ")


def test_findings_are_described_in_escaped_lines(report):
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)

    assert describe_findings(failed).splitlines() == [
        "reasoning resumed after the answer began",
        "  expected  only answer text after event 9",
        "  actual    reasoning so \\x1b[31m[red]42[/red]\\x00 <b>&\\u202e\\ud800]]>",
        "  at        event 11, +0.134 s",
        (
            "  hint      start it with --reasoning-parser "
            "so \\x1b[31m[red]42[/red]\\x00 <b>&\\u202e\\ud800]]>"
        ),
        "a second finding",
        "replies: broken in 7 of 231 replies: all streamed, with tools",
        f"again: {failed.again}",
        escape_controls(f"request: {failed.curl}"),
    ]


def test_figures_of_all_checks_are_merged(passed):
    one, other, *rest = passed.results
    results = (
        replace(one, figures={"ttft_p50": 0.05, "ttft_max": 1.5}),
        replace(other, figures={"ttft_p50": 0.05, "tokens_per_second_min": 21.0}),
        *rest,
    )

    assert {
        "tokens_per_second": {"min": 21.0},
        "ttft": {"p50": 0.05, "max": 1.5},
    } == figures(results)


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("ttft", 0.0123, "12.3 ms"),
        ("ttft", 1.234, "1.23 s"),
        ("tokens_per_second", 21.04, "21.0/s"),
        ("valid_documents", 0.9954, "99.5 %"),
    ],
)
def test_a_figure_has_its_unit(metric, value, expected):
    assert expected == format_figure(metric, value)


def failing(report, id, *, hint="", level="MUST", broken=0):
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
    return replace(
        failed,
        check=replace(failed.check, id=id, requirement=f"It {level} hold."),
        findings=(Finding("not so", hint=hint),),
        tally=Tally(judged=9, broken=broken) if broken else None,
        again=f"magistral-contract verify a --strict --select {id}",
    )


def test_causes_are_listed_before_their_symptoms(report):
    results = (
        failing(report, "a.symptom"),
        failing(report, "a.warning", hint="set it", level="SHOULD", broken=9),
        failing(report, "a.rare", hint="set it", broken=2),
        failing(report, "a.cause", hint="set it", broken=7),
    )
    ordered = causes_first(replace(report, results=results))

    assert [result.check.id for result in ordered] == [
        *("a.cause", "a.rare", "a.warning", "a.symptom")
    ]


def test_one_command_runs_all_failed_checks_again(report):
    slow = replace(
        failing(report, "a.slow"),
        again="magistral-contract verify a --strict --select a.slow --slow",
    )
    results = (failing(report, "a.one"), slow, failing(report, "a.one"))

    assert again_all(results) == (
        "magistral-contract verify a --strict --select a.one --select a.slow --slow"
    )
    assert again_all([replace(slow, again="")]) == ""


def test_latencies_are_those_of_whole_streams(timed):
    first = next(r for r in timed.results if r.exchanges)
    (exchange,) = first.exchanges
    broken = replace(exchange, end=End.RESET)
    several = replace(first, exchanges=(exchange, exchange, broken))

    assert observed([several, first]) == (
        {
            "ttft": {"p50": 0.052, "p95": 0.052},
            "ttfo": {"p50": 0.052, "p95": 0.052},
            "icl": {"p50": 0.134 - 0.052, "p95": 0.134 - 0.052},
        },
        1,
    )
    assert observed([replace(several, exchanges=())]) == ({}, 0)
