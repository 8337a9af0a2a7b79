"""`compare` on JSON reports."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.model.check import Check, Finding
from contract.plugins.discovery import find
from contract.run.report import Header, Outcome, Report, Result, to_json

CHECKS = find("checks", Check)
MUST = CHECKS["streaming.ends-with-done"]
OTHER = CHECKS["reasoning.present"]


def header(target="one", trouble=""):
    return Header(
        target=target,
        url="http://127.0.0.1:1",
        profile="inline",
        why="given by --profile",
        model="m",
        version="0",
        started="2026-01-01T00:00:00+00:00",
        trouble=trouble,
    )


def result(outcome, check=MUST, message="wrong", target="one", **more):
    found = outcome in {Outcome.FAIL, Outcome.WAIVED}
    return Result(
        check=check,
        target=target,
        outcome=outcome,
        findings=(Finding(message),) if found else (),
        **more,
    )


@pytest.fixture
def saved(tmp_path):
    """`saved(result, …)` writes a JSON report and returns its path."""

    def saved(*results, headers=None):
        report = Report(headers=headers or (header(),), results=results)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        path.write_text(json.dumps(to_json(report)))
        return path

    return saved


@pytest.mark.parametrize(
    ("before", "after", "label", "code"),
    [
        pytest.param(Outcome.PASS, Outcome.FAIL, "WORSE", 1, id="fails"),
        pytest.param(Outcome.PASS, Outcome.ERROR, "WORSE", 3, id="cannot-be-judged"),
        pytest.param(Outcome.PASS, Outcome.WAIVED, "WORSE", 1, id="waived"),
        pytest.param(Outcome.WAIVED, Outcome.FAIL, "WORSE", 1, id="no-longer-waived"),
        pytest.param(Outcome.SKIP, Outcome.FAIL, "WORSE", 1, id="newly-fails"),
        pytest.param(Outcome.FAIL, Outcome.PASS, "BETTER", 0, id="fixed"),
        pytest.param(Outcome.ERROR, Outcome.PASS, "BETTER", 0, id="judged-again"),
        pytest.param(Outcome.PASS, Outcome.SKIP, "NOT JUDGED", 0, id="skipped"),
        pytest.param(Outcome.FAIL, Outcome.SKIP, "NOT JUDGED", 0, id="failure-skipped"),
        pytest.param(Outcome.SKIP, Outcome.PASS, "NEW", 0, id="newly-passes"),
    ],
)
def test_each_change_has_a_label_and_an_exit_code(  # noqa: PLR0913, PLR0917  # a table
    command, saved, before, after, label, code
):
    done = command("compare", saved(result(before)), saved(result(after)), "-v")
    line = f"{label:<11}{MUST.id}   MUST   {before.value} → {after.value}"

    assert line in done.out.splitlines()
    assert code == done.code


@pytest.mark.parametrize("outcome", Outcome)
def test_unchanged_checks_are_only_counted(command, saved, outcome):
    done = command("compare", saved(result(outcome)), saved(result(outcome)))

    assert done.out.endswith("+00:00\n1 the same.\n")
    assert done.code == 0


def test_failing_with_other_findings_is_shown(command, saved):
    before = saved(result(Outcome.FAIL, message="the field is renamed"))
    after = saved(result(Outcome.FAIL, message="the field is gone"))
    done = command("compare", before, after)

    assert f"DIFFERENT  {MUST.id}" in done.out
    assert "           the field is gone" in done.out.splitlines()
    assert done.code == 0


def test_a_worsened_may_does_not_affect_the_exit_code(command, saved):
    may = replace(MUST, requirement="It MAY be so.")
    after = saved(result(Outcome.FAIL, may))
    done = command("compare", saved(result(Outcome.PASS)), after)

    assert f"WORSE      {MUST.id}   MAY" in done.out
    assert done.code == 0


def test_a_check_on_one_side_only_is_shown(command, saved):
    both = saved(result(Outcome.PASS), result(Outcome.PASS, OTHER))
    one = saved(result(Outcome.PASS))

    assert (
        f"NOT JUDGED {OTHER.id}   MUST   pass → missing"
        in command("compare", both, one).out
    )
    assert "1 newly judged, 1 the same." in command("compare", one, both).out


def test_only_selected_checks_are_compared(command, saved):
    before = saved(result(Outcome.PASS), result(Outcome.PASS, OTHER))
    after = saved(result(Outcome.FAIL), result(Outcome.PASS, OTHER))
    done = command("compare", before, after, "--select", "reasoning")

    assert done.out.endswith("\n1 the same.\n")
    assert done.code == 0


def test_checks_of_other_versions_are_compared_too(command, saved):
    paths = []
    for outcome in (Outcome.PASS, Outcome.FAIL):
        path = saved(result(outcome))
        path.write_text(
            path.read_text().replace(MUST.id, "streaming.of-another-version")
        )
        paths.append(path)
    done = command("compare", *paths)

    assert "WORSE      streaming.of-another-version" in done.out


def test_changed_figures_are_shown_with_their_unit(command, saved):
    before = saved(
        result(
            Outcome.PASS,
            figures={"ttft_p50": 0.1, "ttft_p95": 0.2, "tokens_per_second_p50": 50.0},
        )
    )
    after = saved(
        result(
            Outcome.PASS,
            figures={"ttft_p50": 0.105, "ttft_p95": 1.5, "tokens_per_second_p50": 40.0},
        )
    )
    done = command("compare", before, after)

    assert [
        "FIGURE     tokens_per_second   p50 50.0/s → 40.0/s (-20%)",
        "FIGURE     ttft   p95 200.0 ms → 1.50 s (+650%)",
    ] == [line for line in done.out.splitlines() if line.startswith("FIGURE")]
    assert done.code == 0


def test_several_targets_are_paired_by_name(command, saved):
    headers = (header("one"), header("two"))
    before = saved(
        result(Outcome.PASS),
        result(Outcome.PASS, target="two"),
        headers=headers,
    )
    after = saved(
        result(Outcome.FAIL, target="two"),
        result(Outcome.PASS),
        headers=headers[::-1],
    )
    done = command("compare", before, after)
    two, one = done.out.split("\n\n")

    assert "after    two: inline" in two
    assert "1 worse." in two
    assert "1 the same." in one
    assert done.code == 1


def test_single_targets_are_compared_whatever_their_names(command, saved):
    before = saved(result(Outcome.PASS))
    after = saved(result(Outcome.PASS, target="two"), headers=(header("two"),))

    assert "1 the same." in command("compare", before, after).out


def test_an_interrupted_run_is_inconclusive(command, saved):
    before = saved(result(Outcome.PASS), result(Outcome.PASS, OTHER))
    after = saved(result(Outcome.PASS), headers=(header(trouble="interrupted"),))
    done = command("compare", before, after)

    assert "         interrupted" in done.out.splitlines()
    assert done.code == 3


def test_control_characters_are_escaped(command, saved):
    before = saved(result(Outcome.PASS))
    after = saved(result(Outcome.FAIL, message="\x1b[31mred"))

    assert "\\x1b[31mred" in command("compare", before, after).out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{}", "is not a report", id="another-format"),
        pytest.param("[", "is not JSON", id="not-json"),
        pytest.param('{"format": "report-v1"}', "is damaged", id="without-results"),
        pytest.param(
            '{"format": "report-v1", "targets": [], "results": [1]}',
            "is damaged",
            id="number-instead-of-result",
        ),
        pytest.param(
            '{"format": "report-v1", "targets": [], "results": [{"target": "a", '
            f'"check": "{MUST.id}", "outcome": "pass", "level": "MUST", "reason": "", '
            f'"findings": [], "figures": {{"ttft_p50": 1{"0" * 400}}}}}]}}',
            "is damaged",
            id="figure-beyond-all-numbers",
        ),
    ],
)
def test_a_file_that_is_not_a_report_is_rejected(
    command, saved, tmp_path, text, message
):
    path = tmp_path / "other.json"
    path.write_text(text)
    done = command("compare", saved(result(Outcome.PASS)), path)

    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_folder_without_a_recording_is_rejected(command, saved, tmp_path):
    done = command("compare", saved(result(Outcome.PASS)), tmp_path / "none")

    assert done.code == 2
    assert "holds no recording" in done.err


def test_runs_without_a_common_target_are_rejected(command, saved):
    before = saved(headers=(header("one"), header("two")))
    after = saved(headers=(header("three"), header("four")))
    done = command("compare", before, after)

    assert done.code == 2
    assert "no target in common: one, two and three, four" in done.err


def test_a_budget_that_was_not_measured_is_noted(command, saved):
    ttft = CHECKS["latency.ttft"]
    before = saved(result(Outcome.SKIP, ttft, reason="not in the recording"))
    after = saved(result(Outcome.PASS, ttft, figures={"ttft_p95": 0.1}))
    done = command("compare", before, after, "--budget", "ttft=1s")

    assert "latency.ttft is not judged in BEFORE (not in the recording)" in done.out
    assert "verify … --budget ttft=TIME" in done.out
    assert "in AFTER" not in done.out


def test_a_report_is_written_beside_the_text(command, saved, tmp_path):
    before, after = saved(result(Outcome.PASS)), saved(result(Outcome.FAIL))
    paths = {"markdown": tmp_path / "a.md", "json": tmp_path / "b.json"}
    options = [f"--report={kind}={path}" for kind, path in paths.items()]
    done = command("compare", before, after, *options)

    assert (done.code, done.err) == (1, "")
    assert done.out == command("compare", before, after).out
    assert "**Broken**" in paths["markdown"].read_text("utf-8")
    assert json.loads(paths["json"].read_text("utf-8"))["exit_code"] == 1


def test_a_report_on_standard_output_moves_the_text(command, saved):
    before, after = saved(result(Outcome.PASS)), saved(result(Outcome.FAIL))
    done = command("compare", before, after, "--report", "json=-")

    assert json.loads(done.out)["format"] == "comparison-v1"
    assert "1 worse." in done.err


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("jsn=a", "Did you mean 'json'?"),
        ("markdown", "write --report markdown=report.md"),
        ("json=/", "cannot be written: Is a directory"),
    ],
)
def test_a_wrong_report_is_a_usage_error(command, saved, pair, words):
    one = saved(result(Outcome.PASS))
    done = command("compare", one, one, "--report", pair)

    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_report_that_cannot_be_written_costs_no_text(command, saved, tmp_path):
    one, other = saved(result(Outcome.PASS)), tmp_path / "other.json"
    done = command(
        *("compare", one, one, "--report", "json=/dev/full"),
        *("--report", f"json={other}"),
    )

    assert done.code == 2
    assert "1 the same." in done.out
    assert "cannot be written: No space left on device" in done.err
    assert other.is_file()
