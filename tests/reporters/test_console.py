"""The console reporter."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from contract.reporters.console import console, show
from contract.run.report import Outcome


def _shown(report, **options):
    page = io.StringIO()
    terminal = Console(file=page, width=60, force_terminal=True, color_system="256")
    show(report, terminal, **options)
    return page.getvalue()


def test_the_text_is_golden(report, golden):
    text = console.render(report)

    assert golden("report.txt", text) == text


def test_a_passed_run_is_golden(passed, golden):
    text = console.render(passed)

    assert golden("passed.txt", text) == text


def test_verbose_lists_passed_and_skipped_checks(report, golden):
    page = io.StringIO()
    show(report, Console(file=page, width=88, color_system=None), verbose=True)

    assert golden("verbose.txt", page.getvalue()) == page.getvalue()


def test_quiet_prints_a_line_per_target_and_the_verdict(report):
    page = io.StringIO()
    show(report, Console(file=page, width=88, color_system=None), quiet=True)
    words = [line.split(": ")[0] for line in page.getvalue().splitlines()]

    assert words == [
        "mock PASSED",
        "mock:vllm FAILED with 1 warning",
        "FAILED with 1 warning",
    ]


def test_a_warning_is_labelled_as_such(report):
    lines = console.render(report).splitlines()

    assert any(line.startswith("WARN   usage.counts-reasoning") for line in lines)
    assert sum(line.startswith("FAIL ") for line in lines) == 1
    assert any(line.startswith("mock:vllm  FAILED with 1 warning ") for line in lines)


@pytest.mark.parametrize("verbose", [False, True], ids=["plain", "verbose"])
def test_hostile_text_is_escaped(report, verbose):
    text = _shown(report, verbose=verbose)

    assert "so \\x1b[31m[red]42[/red]\\x00 <b>&\\u202e\\ud800]]>" in text
    assert "\x1b[31m[red]" not in text
    assert not set("\x00\u202e\ud800") & set(text)


def test_a_command_is_never_wrapped(report):
    command = "magistral-contract verify mock:vllm --select reasoning.precedes-answer"

    assert command in _shown(report)


def test_figures_are_shown_if_all_checks_passed(passed):
    first, *rest = passed.results
    measured = {"ttft_p50": 0.05, "ttft_p95": 1.25, "tokens_per_second_min": 8.0}
    text = console.render(
        replace(passed, results=(replace(first, figures=measured), *rest))
    )

    assert "measured" not in console.render(passed)
    assert [
        ["measured", "p50", "p95", "min"],
        ["tokens_per_second", "·", "·", "8.0/s"],
        ["ttft", "50.0", "ms", "1.25", "s", "·"],
    ] == [line.split() for line in text.splitlines()[-5:-2]]


def test_checks_without_a_budget_share_a_line(passed):
    results = tuple(
        replace(
            result,
            outcome=Outcome.SKIP,
            reason=f"vllm sets no budget; add --budget {name}=…",
        )
        for result, name in zip(passed.results, ("ttft", "e2e", "tpot"), strict=True)
    )
    text = console.render(replace(passed, results=results))

    assert (
        "3 \N{MULTIPLICATION SIGN} vllm sets no budget for it; add --budget NAME=TIME"
        in text
    )


@pytest.fixture
def inconclusive(passed):
    """A report whose checks could not be judged, for the same reason."""
    return replace(
        passed,
        results=tuple(
            replace(result, outcome=Outcome.ERROR, reason="nothing listens")
            for result in passed.results
        ),
    )


def test_errors_with_one_reason_share_a_line(inconclusive):
    text = console.render(inconclusive)

    assert "ERROR  3 \N{MULTIPLICATION SIGN} nothing listens" in text
    assert text.count("nothing listens") == 1
    assert all(result.check.id in text for result in inconclusive.results)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"broken": True}, id="crashed-check"),
        pytest.param({"reason": "something else"}, id="another-reason"),
    ],
)
def test_errors_that_differ_are_shown_one_by_one(inconclusive, change):
    first, *rest = inconclusive.results
    text = console.render(
        replace(inconclusive, results=(replace(first, **change), *rest))
    )

    assert text.count("\nERROR  ") == len(inconclusive.results)


def test_verbose_shows_every_error(inconclusive):
    assert _shown(inconclusive, verbose=True).count("nothing listens") == 3


def test_a_hint_is_shown_once(report):
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
    hinted = replace(
        failed, findings=(replace(failed.findings[0], hint="set the flag"),)
    )
    text = console.render(replace(report, results=(hinted, hinted)))

    assert text.count("set the flag") == 1
    assert text.count("the same as above") == 1


def test_the_failed_checks_are_listed_at_the_end_with_one_command(report):
    lines = console.render(report).splitlines()
    start = lines.index("2 checks failed, causes first")

    assert lines[start + 1].startswith("  FAIL   reasoning.precedes-answer   MUST ")
    assert lines[start + 2].endswith("SHOULD   same hint as above")
    assert lines[start + 3].split()[:2] == ["again", "magistral-contract"]
    assert lines[start + 3].count("--select") == 2
    assert lines[start + 5].startswith("FAILED with 1 warning: ")


def test_latencies_are_shown_without_a_budget(timed):
    text = console.render(timed)

    assert ["ttft", "52.0", "ms", "52.0", "ms"] in map(str.split, text.splitlines())
    assert "ttft, ttfo, icl: 1 stream of this run" in text
