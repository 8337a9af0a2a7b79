from __future__ import annotations

from dataclasses import replace

import pytest

from contract.plugins.discovery import find
from contract.reporters.base import (
    Reporter,
    by_family,
    by_target,
    describe_findings,
    escape_controls,
    figures,
    format_figure,
    verdict,
)
from contract.run.report import (
    Outcome,
    Report,
)


def test_every_reporter_is_found_on_the_shelf():
    found = find("reporters", Reporter)

    assert sorted(found) == ["console", "json", "junit", "markdown"]
    assert {".txt", ".json", ".xml", ".md"} == {
        entry.suffix for entry in found.values()
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="escape"),
        pytest.param("a\nb\tc\rd", "a\\nb\\tc\\rd", id="white-space"),
        pytest.param("\x9b31m", "\\x9b31m", id="c1-csi"),
        pytest.param("a\u202eb\u2066", "a\\u202eb\\u2066", id="bidi"),
        pytest.param("\ud800", "\\ud800", id="lone-surrogate"),
        pytest.param("\x07\x00\x7f", "\\x07\\x00\\x7f", id="controls"),
        pytest.param("[red]日本語 👋🏽", "[red]日本語 👋🏽", id="harmless"),
    ],
)
def test_inert_text_obeys_nobody(text, expected):
    assert expected == escape_controls(text)


def test_a_report_splits_by_target(report):
    parts = list(by_target(report))

    assert [part.headers[0].target for part in parts] == ["mock", "mock:vllm"]
    assert report.results == tuple(r for part in parts for r in part.results)


def test_families_are_counted_by_name(report):
    counts = by_family(report.results)

    assert sorted(counts) == list(counts)
    assert counts["multimodal"] == {Outcome.SKIP: 3}
    assert {o: counts["usage"][o] for o in (Outcome.PASS, Outcome.SKIP)} == {
        Outcome.PASS: 1,
        Outcome.SKIP: 0,
    }


def test_verdict_of_a_held_contract(held):
    expected = "HELD: 2 checks passed, 1 skipped (slow; --slow includes it)."

    assert expected == verdict(held)


def test_verdict_of_a_violated_contract(report):
    expected = (
        "VIOLATED: 1 MUST failed, 1 SHOULD failed, 1 check could not be judged, "
        "3 checks passed, 1 waived, 6 skipped."
    )

    assert expected == verdict(report)


def test_verdict_follows_the_exit_code(held):
    first = held.results[0]
    unknown = replace(held, results=(replace(first, outcome=Outcome.ERROR),))
    broken = replace(
        held, results=(replace(first, outcome=Outcome.ERROR, broken=True),)
    )
    empty = Report(headers=held.headers, results=())

    assert verdict(unknown) == "UNKNOWN: 1 check could not be judged, 0 checks passed."
    assert verdict(broken) == "BROKEN: 1 check broken, 0 checks passed."
    assert verdict(empty) == "NOTHING CHECKED: 0 checks passed."


def test_a_target_not_judged_to_the_end_is_unknown(held):
    header = replace(held.headers[0], trouble="interrupted")
    report = replace(held, headers=(header,))

    assert report.exit_code == 3
    assert verdict(report).startswith("UNKNOWN: 1 target not judged to the end, 2 ")


def test_skips_alone_hold_nothing(held):
    skipped = tuple(r for r in held.results if r.outcome is Outcome.SKIP)

    assert verdict(replace(held, results=skipped)).startswith("NOTHING CHECKED: ")


def test_an_account_is_plain_and_inert(report):
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
        "a second departure",
        f"again: {failed.again}",
    ]


def test_figures_of_all_checks_make_one_table(held):
    one, other, *rest = held.results
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
    ],
)
def test_a_figure_has_its_unit(metric, value, expected):
    assert expected == format_figure(metric, value)
