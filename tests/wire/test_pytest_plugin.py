"""`contract.pytest_plugin` and its summary in the test suites of users."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import junitparser
import pytest
from support.hostile import HOSTILE, obeyed
from support.spellings import readings

import contract
from contract.plugins.discovery import find
from contract.reporters.base import Reporter

ROOT = Path(__file__).resolve().parent.parent.parent
SUITE = ("--pyargs", "contract.suite", "-p", "no:cacheprovider", "-W", "error")
# One family is enough to show the behaviour of items.
USAGE = ("--contract-select", "usage")


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    """Load the catalogue first, because pytester unloads the modules of a run."""
    find("reporters", Reporter)
    contract.verify("mock", select=["usage.sums-up"])


@pytest.fixture
def run(pytester):
    """`run(…)` runs pytest with the ready-made suite in this process."""

    def run(*options):
        return pytester.runpytest_inprocess(*SUITE, *options)

    return run


def test_each_check_is_an_item_on_the_mock_by_default(run):
    done = run("-v", *USAGE)

    done.stdout.fnmatch_lines(
        ["*::test_contract?mock-usage.sums-up? PASSED*", "*mock (mistral-*) PASSED: *"]
    )
    assert done.ret == 0


# Packages that only our own tests need, as modules; None makes each of them missing.
MISSING = """
import sys
for name in ("hypothesis", "respx", "openai", "mistralai", "schemathesis", "requests"):
    sys.modules[name] = None
"""


@pytest.mark.long
def test_a_clone_with_the_extra_pytest_alone_runs_the_suite(tmp_path):
    """As the README installs it: the settings and conftest.py of the clone apply."""
    (tmp_path / "missing.py").write_text(MISSING)
    command = [sys.executable, "-m", "pytest", "-p", "missing", "-p", "xdist"]
    command += ["-p", "contract.pytest_plugin", *SUITE, "-q", *USAGE, "-n", "0"]

    done = subprocess.run(  # noqa: S603  # the words are those of this test
        command,
        cwd=ROOT,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert "mock (mistral-2025-10: declared by the target) PASSED" in done.stdout
    assert done.returncode == 0


def test_each_target_has_its_items(run):
    done = run("-v", *USAGE, "--contract-target=mock", "--contract-target=mock:vllm")

    done.stdout.fnmatch_lines(
        [
            "*::test_contract?mock-usage.sums-up? PASSED*",
            "*::test_contract?mock:vllm-usage.sums-up? PASSED*",
        ]
    )


def test_the_key_of_a_target_is_in_no_item_name(run):
    done = run("-v", *USAGE, "--contract-target=mock?key=sk-of-a-target")

    assert done.ret == 0
    done.stdout.fnmatch_lines(["*?mock?key=[*][*][*]-usage.sums-up? PASSED*"])
    done.stdout.no_fnmatch_line("*sk-of-a-target*")


def test_a_target_is_opened_once_and_closed(run, pytester):
    pytester.makeconftest(
        """
        import contextlib
        from contract.run import opening

        opened, count = opening.open_target, []

        @contextlib.contextmanager
        def counted(*arguments, **options):
            count.append("open_target")
            with opened(*arguments, **options) as found:
                yield found
            count.append("closed")

        opening.open_target = counted

        def pytest_unconfigure():
            opening.open_target = opened
            print("TRACE", *count)
        """
    )
    done = run(
        "-s", *USAGE, "--contract-target=mock", "--contract-target=mock:vllm", "."
    )

    done.stdout.fnmatch_lines(["TRACE open_target closed open_target closed"])


@pytest.mark.parametrize(
    ("option", "value", "shown", "hidden"),
    [
        pytest.param("-k", "sums", "sums-up", "grows", id="keyword"),
        pytest.param("-m", "usage", "sums-up", "completes", id="family"),
        pytest.param("-m", "streaming and must", "completes", "sums-up", id="level"),
    ],
)
def test_items_are_selected_like_any_others(run, option, value, shown, hidden):
    done = run("--co", "-q", option, value)
    text = done.stdout.str()

    assert shown in text
    assert hidden not in text


def test_only_requests_of_the_selected_items_are_sent(run, tmp_path):
    path = tmp_path / "report.json"
    run("-k", "sums-up", f"--contract-report=json={path}")
    report = json.loads(path.read_text())

    assert [result["check"] for result in report["results"]] == ["usage.sums-up"]
    assert report["targets"][0]["requests"] <= 4


def test_an_annotation_is_a_line_of_its_own(run):
    done = run(
        *("--contract-target", "mock?fault=done-missing", "-k", "ends-with-done"),
        "--contract-report=github=-",
    )
    title = "streaming.ends-with-done (MUST) on mock?fault=done-missing"

    assert any(line.startswith(f"::error title={title}::") for line in done.outlines)


def test_a_failure_shows_the_finding_without_a_traceback(run):
    done = run("--contract-target", "mock?fault=done-missing", "-k", "ends-with-done")
    text = done.stdout.str()

    assert done.ret == 1
    assert "streaming.ends-with-done   MUST   mock?fault=done-missing" in text
    assert "again: magistral-contract verify 'mock?fault=done-missing'" in text
    assert "pytest_plugin" not in text
    assert "> " not in text


def test_a_should_is_an_expected_failure_unless_strict(run):
    options = ("--contract-target", "mock?fault=says-bad-request", "-m", "should")
    lax, strict = run(*options, "-rx"), run(*options, "--contract-strict")

    lax.stdout.fnmatch_lines(["XFAIL *warning: SHOULD failed: *"])
    assert (lax.ret, strict.ret) == (0, 1)


def test_a_skip_has_a_reason(run):
    done = run("-rs", "-k", "agrees-with-tokenize")

    done.stdout.fnmatch_lines(["SKIPPED*does not offer tokenize*"])


def test_an_unreachable_target_fails_once(run):
    done = run("--contract-target", "http://127.0.0.1:1/v1", *USAGE)
    outcomes = done.parseoutcomes()

    assert outcomes["failed"] == 1
    assert outcomes["skipped"] > 5
    assert "cannot be reached: nothing listens" in done.stdout.str()


def test_a_test_of_the_user_can_use_the_fixtures(pytester):
    pytester.makepyprojecttoml(
        """
        [tool.magistral-contract]
        targets = ["mock:llamacpp"]
        select = ["usage.sums-up"]
        """
    )
    pytester.makepyfile(
        """
        def test_ours(contract_result, record_property):
            assert contract_result.result.outcome == "pass"
            contract_result.enforce()
        """
    )
    done = pytester.runpytest_inprocess("-v", "--strict-markers", "-W", "error")

    done.stdout.fnmatch_lines(["*::test_ours?mock:llamacpp-usage.sums-up? PASSED*"])
    done.assert_outcomes(passed=1)


@pytest.mark.long
def test_last_failed_repeats_the_failure(pytester):
    pytester.makepyfile("def test_ours(contract_result): contract_result.enforce()")
    target = ("--contract-target", "mock?fault=done-missing")
    pytester.runpytest_inprocess(*target, "-k", "done or sums")
    done = pytester.runpytest_inprocess(*target, "--lf")

    done.assert_outcomes(failed=1)


def test_junit_xml_of_pytest_contains_requirement_and_level(run, tmp_path):
    path = tmp_path / "pytest.xml"
    run(f"--junitxml={path}", "-k", "sums-up")
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    (case,) = suite
    (found,) = case.iterchildren(junitparser.Properties)
    properties = {entry.name: entry.value for entry in found}

    assert properties["level"] == "MUST"
    assert "MUST" in properties["requirement"]
    assert properties["outcome"] == "pass"
    assert set(properties) == {"requirement", "level", "source", "profile", "outcome"}


@pytest.mark.long
def test_reports_are_written_under_xdist(pytester, tmp_path):
    paths = {kind: tmp_path / f"report.{kind}" for kind in ("json", "junit")}
    options = [f"--contract-report={kind}={path}" for kind, path in paths.items()]
    done = pytester.runpytest_subprocess(
        *SUITE,
        *USAGE,
        *("-n", "2", "-p", "no:schemathesis"),
        *("--contract-target", "mock:vllm"),
        *options,
    )
    report = json.loads(paths["json"].read_text())
    suites = junitparser.JUnitXml.fromfile(str(paths["junit"]))

    assert done.ret == 0
    assert len(report["results"]) == suites.tests > 10
    assert any(result["requests"] for result in report["results"])
    done.stdout.fnmatch_lines(["mock:vllm (vllm-*) PASSED: *", "json report: *"])


OPENINGS = """
    import contextlib, os, pathlib
    from contract.run import opening

    opened = opening.open_target

    @contextlib.contextmanager
    def counted(text, **options):
        with pathlib.Path("openings").open("a") as page:
            print(os.environ.get("PYTEST_XDIST_WORKER"), text, file=page)
        with opened(text, **options) as found:
            yield found

    opening.open_target = counted
"""


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param([], id="load"),
    ],
)
@pytest.mark.long
def test_each_target_has_one_worker_of_xdist(pytester, mode):
    pytester.makeconftest(OPENINGS)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_other(number): pass
        """
    )
    done = pytester.runpytest_subprocess(
        *SUITE,
        *USAGE,
        *("-n", "2", "-p", "no:schemathesis"),
        *("--contract-target=mock", "--contract-target=mock:vllm"),
        *mode,
        ".",
    )
    openings = (pytester.path / "openings").read_text().splitlines()
    workers = {line.split()[0] for line in openings}

    assert done.ret == 0
    assert sorted(line.split()[1] for line in openings) == ["mock", "mock:vllm"]
    assert workers == {"gw0", "gw1"}
    assert done.parseoutcomes()["passed"] > 20


@pytest.mark.parametrize(
    ("options", "scheduler"),
    [
        pytest.param([], "LoadScheduling", id="plain"),
        pytest.param(["--contract-target=mock"], "TargetScheduling", id="target"),
    ],
)
@pytest.mark.long
def test_only_a_verifying_run_is_scheduled_by_target(pytester, options, scheduler):
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_xdist_make_scheduler(config, log):
            made = yield
            print("SCHEDULER", type(made).__name__)
            return made
        """
    )
    pytester.makepyfile("def test_ours(): pass")
    done = pytester.runpytest_subprocess(
        *("-n", "1", "-s", "-k", "ours", "-p", "no:schemathesis", "."), *options
    )

    done.stdout.fnmatch_lines([f"*SCHEDULER {scheduler}"])
    assert done.ret == 0


@pytest.mark.long
def test_xdist_is_not_required(pytester):
    done = pytester.runpytest_subprocess(
        *SUITE, "-k", "sums-up", "-p", "no:xdist", "-p", "no:schemathesis"
    )

    assert done.ret == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(["--contract-report=jsn=x"], "Unknown report 'jsn'", id="report"),
        pytest.param(["--contract-report=json=/"], "cannot be written", id="path"),
        pytest.param(["--contract-select=usge"], "Did you mean 'usage'", id="check"),
        pytest.param(["--contract-target=mok"], "Did you mean 'mock'", id="target"),
    ],
)
def test_a_mistake_is_a_sentence(run, options, words):
    done = run(*options)
    text = done.stdout.str() + done.stderr.str()

    assert done.ret != 0
    assert words in text
    assert "Traceback" not in text


def test_an_invalid_table_is_a_usage_error(pytester):
    pytester.makepyprojecttoml('[tool.magistral-contract]\ntarget = ["mock"]\n')
    done = pytester.runpytest_inprocess()

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: *has no 'target'. Did you mean 'targets'?"])


def test_a_suite_that_verifies_nothing_imports_nothing(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_ours():
            ours = {name for name in sys.modules if name.startswith("contract")}
            assert ours <= {
                "contract",
                "contract._version",
                "contract.pytest_plugin",
                "contract.pytest_plugin.judged",
                "contract.pytest_plugin.settings",
            }
        """
    )
    done = pytester.runpytest_subprocess("-W", "error")

    done.assert_outcomes(passed=1)
    assert "= magistral-contract =" not in done.stdout.str()


KEY = 'sk-Example/7f+1"9=a&b_c'
# Each outcome in turn, with hostile text in each text of a server.
HOSTILE_RESULTS = """
    import dataclasses, itertools, json, pathlib
    from contract.model.check import Finding
    from contract.run import runner
    from contract.run.report import Outcome

    HOSTILE = json.loads(pathlib.Path("hostile.json").read_text())
    OUTCOMES = itertools.cycle(o for o in Outcome if o is not Outcome.PASS)
    judge = runner.judge_check

    def judged(*arguments, **options):
        found = (Finding(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),)
        return dataclasses.replace(
            judge(*arguments, **options),
            outcome=next(OUTCOMES), reason=HOSTILE, findings=found,
        )

    def pytest_configure():
        runner.judge_check = judged

    def pytest_unconfigure():
        runner.judge_check = judge
"""


def test_hostile_text_writes_no_line_and_no_command(pytester, monkeypatch):
    pytester.path.joinpath("hostile.json").write_text(json.dumps(f"{HOSTILE} {KEY}"))
    pytester.makeconftest(HOSTILE_RESULTS)
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    done = pytester.runpytest_inprocess(
        *(*SUITE, *USAGE, "-rA", "-n", "0", "--junitxml", "own.xml"),
        *("--contract-report", "json=r.json", "--contract-report", "junit=r.xml"),
        *("--contract-report", "markdown=r.md", "--contract-report", "console=r.txt"),
    )
    printed = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.str() + done.stderr.str())

    assert {"failed", "skipped", "xfailed"} <= set(done.parseoutcomes())
    assert obeyed(printed) == []
    files = {
        name: (pytester.path / name).read_text("utf-8")
        for name in ("own.xml", "r.json", "r.xml", "r.md", "r.txt")
    }
    for name, text in {"printed": printed, **files}.items():
        assert "forged" in text, name
        assert not any(KEY in one for one in readings(text, 1)), name


def test_a_report_that_cannot_be_written_costs_no_other(run, pytester):
    done = run(
        *("--contract-select", "usage.sums-up", "-n", "0"),
        *("--contract-report", "json=/dev/full", "--contract-report", "junit=r.xml"),
    )

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stdout.fnmatch_lines(["error: The report '/dev/full' cannot be written: No *"])
    assert (pytester.path / "r.xml").exists()
