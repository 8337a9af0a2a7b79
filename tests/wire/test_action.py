"""The script of the action, as a runner runs it, against the mock."""

from __future__ import annotations

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
    """`verify(target, options)` is the exit code, the outputs and the job summary."""
    (tmp_path / "magistral-contract").mkdir()
    # What the step before it installs: this environment.
    (tmp_path / "magistral-contract" / "venv").symlink_to(sys.prefix)

    def verify(target, options="", profile=""):
        output, summary = tmp_path / "output", tmp_path / "summary"
        ended = subprocess.run(  # noqa: S603  # our own script
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
        told = dict(line.split("=", 1) for line in lines)
        shown = summary.read_text("utf-8") if summary.exists() else ""
        return ended, told, shown

    return verify


def test_a_kept_contract_passes_and_leaves_everything(verify):
    ended, told, summary = verify("mock:vllm", "--select usage --select 'models.*'")
    folder = Path(told["folder"])

    assert (0, "0") == (ended.returncode, told["exit-code"])
    assert {"recording", "report.json", "report.md", "junit.xml"} == {
        path.name for path in folder.iterdir()
    }
    assert (folder / "report.md").read_text("utf-8") == summary
    assert junitparser.JUnitXml.fromfile(str(folder / "junit.xml")).tests > 10


def test_a_broken_contract_fails_and_shows_what_broke(verify):
    ended, told, summary = verify(
        "mock:vllm?fault=field-renamed", "--select reasoning.present", "vllm-0.32"
    )

    assert (1, "1") == (ended.returncode, told["exit-code"])
    assert "reasoning.present" in summary


def test_a_wrong_option_fails_with_its_sentence(verify):
    ended, told, summary = verify("mock", "--selct usage")

    assert (2, "2", "") == (ended.returncode, told["exit-code"], summary)
    assert "--selct" in ended.stderr
