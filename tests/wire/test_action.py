"""The script of the GitHub action, run against the mock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import junitparser
import pytest
import yaml

ACTION = Path(__file__).parent.parent.parent / "action.yml"
(SCRIPT,) = [
    step["run"]
    for step in yaml.safe_load(ACTION.read_text("utf-8"))["runs"]["steps"]
    if step.get("id") == "verify"
]


@pytest.fixture
def verify(tmp_path):
    """`verify(target, options)` returns process, outputs and job summary."""
    (tmp_path / "magistral-contract").mkdir()
    # The step before it would install an environment; use this one.
    (tmp_path / "magistral-contract" / "venv").symlink_to(sys.prefix)

    def verify(target, options="", profile=""):
        output, summary = tmp_path / "output", tmp_path / "summary"
        done = subprocess.run(  # noqa: S603  # the script under test
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", SCRIPT],  # noqa: S607  # as a runner finds it
            env={
                "PATH": os.environ["PATH"],
                "RUNNER_TEMP": str(tmp_path),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "TARGET": target,
                "PROFILE": profile,
                "API_KEY_ENV": "",
                "OPTIONS": options,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        lines = output.read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        page = summary.read_text("utf-8") if summary.exists() else ""
        return done, outputs, page

    return verify


def test_a_passed_run_leaves_all_files(verify):
    done, outputs, summary = verify("mock:vllm", "--select usage --select 'models.*'")
    folder = Path(outputs["folder"])

    assert (0, "0") == (done.returncode, outputs["exit-code"])
    assert {"recording", "junit.xml"} | {
        f"report.{k}" for k in ("html", "json", "md", "sarif")
    } == {path.name for path in folder.iterdir()}
    assert (folder / "report.md").read_text("utf-8") == summary
    assert junitparser.JUnitXml.fromfile(str(folder / "junit.xml")).tests > 10


def test_a_failed_run_shows_the_failed_check(verify):
    done, outputs, summary = verify(
        "mock:vllm?fault=field-renamed", "--select reasoning.present", "vllm-0.32"
    )

    assert (1, "1") == (done.returncode, outputs["exit-code"])
    assert "reasoning.present" in summary
    (annotation,) = [one for one in done.stdout.splitlines() if one.startswith("::")]
    assert annotation.startswith(
        "::error title=reasoning.present (MUST) on mock%3Avllm"
    )


@pytest.mark.long
def test_an_option_may_print_a_report(verify):
    done, outputs, _ = verify("mock", "--select usage.sums-up --report json=-")

    assert "0" == outputs["exit-code"]
    assert json.loads(done.stdout)["exit_code"] == 0


def test_an_invalid_option_is_a_usage_error(verify):
    done, outputs, summary = verify("mock", "--selct usage")

    assert (2, "2", "") == (done.returncode, outputs["exit-code"], summary)
    assert "--selct" in done.stderr


@pytest.mark.long
def test_a_target_is_never_read_as_an_option(verify):
    done, outputs, _ = verify("--help")

    assert (2, "2") == (done.returncode, outputs["exit-code"])
    assert "Unknown target '--help'" in done.stderr
