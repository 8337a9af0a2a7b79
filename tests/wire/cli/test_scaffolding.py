"""`init` (`contract.cli.scaffolding`): what it writes runs green as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from contract.cli import scaffolding
from contract.cli.config import discover, read

ROOT = Path(__file__).parents[3]
WORKFLOW = Path(".github/workflows/contract.yml")
TEST = Path("tests/test_contract.py")
FEW = "--select=usage.sums-up"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def steps(path=WORKFLOW):
    return yaml.safe_load(path.read_text())["jobs"]["contract"]["steps"]


def step(name):
    (found,) = [one for one in steps() if one.get("name") == name]
    return found


def run(command, project, **environ):
    return subprocess.run(  # noqa: S603  # what init wrote
        command,
        cwd=project,
        env={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.long
def test_what_it_writes_is_green_against_the_mock(command, project):
    done = command("init", "mock:vllm", "--package", "magistral-contract==1")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:3] == [
        *("wrote pyproject.toml", f"wrote {TEST}", f"wrote {WORKFLOW}")
    ]
    verified = command("verify", FEW)
    assert verified.out.startswith("mock:vllm   PASSED\n")
    assert "note             settings from pyproject.toml: targets" in verified.out

    tested = run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "contract.pytest_plugin"),
            "--contract-select=usage.sums-up",
        ],
        project,
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    assert "1 passed" in tested.stdout
    assert "mock:vllm (vllm-0.32: " in tested.stdout


@pytest.mark.long
def test_the_workflow_verifies_and_shows_the_report(command, project):
    command("init", "mock:vllm")
    verify = step("Verify")
    # The settings narrow the run for this test alone.
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text() + 'select = ["usage.sums-up"]\n')
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
    summary = project / "summary"

    step_of = {"PATH": path, "GITHUB_STEP_SUMMARY": str(summary)}
    done = run([*bash, verify["run"]], project, **step_of, **verify["env"])

    assert (done.returncode, done.stdout) == (0, "")
    assert (project / "recording" / "manifest.json").is_file()
    assert summary.read_text().startswith("**PASSED: 1 check passed.**")
    faulty = "mock:vllm?fault=total-without-prompt"
    failed = run([*bash, verify["run"]], project, **step_of, TARGET=faulty)
    assert failed.returncode == 1
    assert failed.stdout.startswith("::error title=usage.sums-up (MUST) on mock%3Avllm")
    hostile = run([*bash, verify["run"]], project, **step_of, TARGET="--help")
    assert hostile.returncode == 2
    assert "Unknown target '--help'" in hostile.stderr


@pytest.mark.usefixtures("project")
def test_the_workflow_is_as_safe_as_those_of_this_repository(command):
    """No expression in a script, actions by commit, no secret beyond its step."""
    command(
        *("init", "https://llm.example.com/v1", "--api-key-env", "STAGING_KEY"),
        *("--header-env", "X-Tenant=TENANT"),
    )
    workflow = yaml.safe_load(WORKFLOW.read_text())
    pinned = {
        one["uses"]
        for file in (ROOT / ".github" / "workflows").glob("*.yml")
        for job in yaml.safe_load(file.read_text())["jobs"].values()
        for one in job["steps"]
        if "uses" in one
    } | {scaffolding.UPLOAD.partition(" ")[0]}

    assert {"contents": "read"} == workflow["permissions"]
    assert workflow["jobs"]["contract"]["timeout-minutes"]
    assert all("${{" not in one.get("run", "") for one in steps())
    assert {one["uses"] for one in steps() if "uses" in one} <= pinned
    assert scaffolding.UPLOAD in (ROOT / "action.yml").read_text()
    assert step("Verify")["run"].rstrip().endswith('-- "$TARGET"')
    assert step("Verify")["env"] == {
        "TARGET": "https://llm.example.com/v1",
        "STAGING_KEY": "${{ secrets.STAGING_KEY }}",
        "TENANT": "${{ secrets.TENANT }}",
    }
    assert WORKFLOW.read_text().count("secrets.") == 2


def test_other_settings_of_the_project_are_kept(command, project):
    settings = project / "pyproject.toml"
    before = '# ours\n[project]\nname = "a"\n\n[tool.ruff]\nline-length = 88\n'
    settings.write_text(before)

    assert command("init", "mock").code == 0
    assert settings.read_text().startswith(before)
    assert discover(project).values == {"targets": ("mock",)}


def test_nothing_is_replaced_without_force(command, project):
    command("init", "mock", "--budget", "ttft=2s")
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text() + "\n[tool.ruff]\nline-length = 88\n")
    before = [path.read_bytes() for path in (settings, TEST, WORKFLOW)]
    again = command("init", "mock:vllm")
    elsewhere = command("init", "mock:vllm", "--config", "staging.toml")

    assert (again.code, elsewhere.code) == (2, 2)
    assert "[tool.magistral-contract] already" in again.err
    assert f"{TEST} and {WORKFLOW} would be replaced" in elsewhere.err
    assert not Path("staging.toml").exists()
    assert before == [path.read_bytes() for path in (settings, TEST, WORKFLOW)]

    assert command("init", "mock:vllm", "--force").code == 0
    document = tomllib.loads(settings.read_text())
    assert document["tool"]["ruff"] == {"line-length": 88}
    assert document["tool"]["magistral-contract"] == {"targets": ["mock:vllm"]}


def test_settings_that_cannot_be_replaced_alone_are_left(command, project):
    settings = project / "pyproject.toml"
    settings.write_text('tool.magistral-contract.targets = ["mock"]\n')
    done = command("init", "mock", "--force")

    assert done.code == 2
    assert "cannot be changed safely" in done.err
    assert settings.read_text() == 'tool.magistral-contract.targets = ["mock"]\n'


def test_another_file_is_named_in_the_workflow_and_the_next_steps(command, project):
    done = command("init", "mock", "--config", "ci/staging.toml")

    assert read(project / "ci" / "staging.toml").values == {"targets": ("mock",)}
    assert "verify --config ci/staging.toml --save" in step("Verify")["run"]
    assert f"pytest {TEST} --contract-config ci/staging.toml" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["mok"], "Unknown target 'mok'", id="target"),
        pytest.param(["mock?key=sk-of-a-target"], "The target has a key", id="key"),
        pytest.param(
            ["http://u:sk-of-me@h/v1"], "user name or password", id="password"
        ),
        pytest.param(["http://h/${{x}}/v1"], "read as an expression", id="expression"),
        pytest.param(["mock", "--model", "a\nb"], "control character", id="control"),
        pytest.param(
            ["mock", "--api-key-env", "sk-of-me"], "not the key", id="no-name"
        ),
        pytest.param(
            ["mock", "--header-env", "X-A: sk-of-me"], "of the environ", id="h"
        ),
        pytest.param(
            ["mock", "--budget", "tft=1s"], "Did you mean 'ttft'", id="budget"
        ),
    ],
)
def test_what_must_not_be_written_is_refused(command, project, arguments, words):
    done = command("init", *arguments)

    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "sk-of" not in done.err
    assert [".git"] == [path.name for path in project.iterdir()]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param(None, "magistral-contract==", id="index"),
        pytest.param(
            '{"url": "https://me:pw@git.test/a.git", "vcs_info": {"commit_id": "abc"}}',
            "magistral-contract @ git+https://git.test/a.git@abc",
            id="git",
        ),
        pytest.param(
            '{"url": "file:///clone", "dir_info": {"editable": true}}',
            "magistral-contract @ git+https://github.test/o/r.git@def",
            id="clone",
        ),
    ],
)
def test_the_workflow_installs_what_is_installed_here(monkeypatch, origin, expected):
    class Installed:
        def read_text(self, _name):
            return origin

    answers = {"remote": "git@github.test:o/r.git", "rev-parse": "def"}
    monkeypatch.setattr(scaffolding, "distribution", lambda _name: Installed())
    monkeypatch.setattr(scaffolding, "_git", lambda _folder, *words: answers[words[0]])

    assert re.match(re.escape(expected), scaffolding.installed())
