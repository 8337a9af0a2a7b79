"""The console reporter."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from contract.model.redaction import SECRETS
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


def test_many_skipped_checks_are_named_with_verbose_only(passed):
    first, *_ = passed.results
    names = [f"tools.number-{number}" for number in range(9)]
    skipped = tuple(
        replace(
            first,
            check=replace(first.check, id=name),
            outcome=Outcome.SKIP,
            reason="slow; add --slow",
        )
        for name in names
    )
    report = replace(passed, results=skipped)
    page = io.StringIO()
    show(report, Console(file=page, width=88), verbose=True)

    text = " ".join(console.render(report).split())

    assert "tools.number-2, and 6 more; -v lists them" in text
    assert "number-3" not in text
    assert all(name in page.getvalue() for name in names)


def test_the_verdict_is_first_and_last(report):
    lines = console.render(report).splitlines()

    assert lines[0] == "mock   PASSED"
    assert "mock:vllm   FAILED with 1 warning" in lines
    assert lines[-1].startswith("FAILED with 1 warning: ")


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

    above, below = text.split("2 checks failed, causes first")

    assert (1, 1) == (above.count("set the flag"), below.count("set the flag"))
    assert text.count("the same as above") == 1


def test_the_failed_checks_are_listed_at_the_end_with_one_command(report):
    lines = console.render(report).splitlines()
    start = lines.index("2 checks failed, causes first")

    assert lines[start + 1].startswith("  FAIL   reasoning.precedes-answer   MUST ")
    assert lines[start + 2].split()[0] == "hint"
    assert lines[start + 3].split() == ["also", "usage.counts-reasoning", "(SHOULD)"]
    assert lines[start + 4].split()[:2] == ["again", "magistral-contract"]
    assert lines[start + 4].count("--select") == 2
    assert lines[start + 6].startswith("FAILED with 1 warning: ")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self):
        return True


def _on_terminal(report, width=60, **options):
    page = Terminal()
    settings = {"force_terminal": True, "color_system": None, **options}
    show(report, Console(file=page, width=width, **settings))
    return page.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80])
def test_sentences_are_wrapped_on_a_terminal_and_commands_are_not(report, width):
    lines = _on_terminal(report, width).splitlines()
    long = [line.split() for line in lines if len(line) > width]

    assert long
    assert {words[0] for words in long} <= {"again", "request", "url"}


def test_the_words_are_those_of_the_text_in_a_file(report):
    def words(text):
        # Tables are drawn for a width.
        return "".join(text.split()).replace("·", "")

    assert words(_on_terminal(report, 300)) == words(console.render(report))
    assert words(_on_terminal(report, 75)) == words(_on_terminal(report, 300))


def test_the_source_of_a_check_is_a_link_on_a_terminal_only(report):
    def citing(source, hint=""):
        failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
        finding = replace(failed.findings[0], hint=hint)
        check = replace(failed.check, source=source)
        return replace(
            report, results=(replace(failed, check=check, findings=(finding,)),)
        )

    def links(report, page):
        colored = Console(
            file=page, width=80, force_terminal=True, color_system="standard"
        )
        show(report, colored)
        return re.findall(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b", page.getvalue())

    issue = citing("vllm-project/vllm#33402")
    page = citing("https://docs.mistral.ai/api (chat)", "see https://evil.test/")

    assert ["https://github.com/vllm-project/vllm/issues/33402"] == links(
        issue, Terminal()
    )
    assert ["https://docs.mistral.ai/api"] == links(page, Terminal())
    assert [] == links(citing("OpenAI API reference"), Terminal())
    assert [] == links(issue, io.StringIO())


def test_a_secret_is_masked_before_a_line_is_broken(report):
    secret = "sk-" + "0123456789abcdef" * 4
    SECRETS.register(secret)
    failed = next(r for r in report.results if r.outcome is Outcome.FAIL)
    finding = replace(failed.findings[0], actual=f"a text {secret} with a key")
    text = _on_terminal(
        replace(report, results=(replace(failed, findings=(finding,)),)), 50
    )

    assert secret[:20] not in text
    assert "a text" in text


def test_latencies_are_shown_without_a_budget(timed):
    text = console.render(timed)

    assert ["ttft", "52.0", "ms", "52.0", "ms"] in map(str.split, text.splitlines())
    assert "ttft, ttfo, icl: 1 stream of this run" in text
