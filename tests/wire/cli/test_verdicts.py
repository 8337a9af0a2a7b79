"""`magistral-contract serve --verdicts` in a process of its own."""

from __future__ import annotations

import json
import os
import signal

import httpx
import pytest
from support.program import serving

from contract.cli import run
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.run.report import Outcome, Report, Result, to_json

TOKEN = "tok-of-mine-12345678"


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "report.json"
    check = find("checks", Check)["usage.sums-up"]
    result = Result(check=check, target="mock", outcome=Outcome.PASS)
    path.write_text(json.dumps(to_json(Report(headers=(), results=(result,)))))
    return path


@pytest.mark.skipif(os.name == "nt", reason="Windows interrupts in another way")
def test_verdicts_of_a_target_are_served_and_ctrl_c_ends_a_run():
    target = ("--verdicts", "mock?ttft=5ms", "--token-env", "TOK")
    words = ("--select", "usage.sums-up")
    with (
        serving(*target, "--", *words, TOK=TOKEN) as (running, banner),
        httpx.Client(
            base_url=banner["url"],
            headers={"authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=30,
        ) as http,
    ):
        verdict = http.get("/verdicts/usage.sums-up?wait=30")
        again = http.post("/runs")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)

    assert (verdict.status_code, verdict.json()["outcome"]) == (200, "pass")
    assert (again.status_code, again.headers["location"]) == (202, "/runs/2")
    assert (running.returncode, out, err) == (0, "", "")
    assert TOKEN not in str(banner)


def test_a_saved_report_is_served(report):
    with serving("--verdicts", str(report)) as (_, banner):
        one = httpx.get(f"{banner['url']}/verdicts/usage.sums-up", trust_env=False)
        foreign = httpx.get(
            f"{banner['url']}/verdicts",
            headers={"host": "evil.example"},
            trust_env=False,
        )

    assert one.json()["outcome"] == "pass"
    assert foreign.status_code == 421
    assert banner["serving"] == "verdicts: PASSED: 1 check passed."


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--verdicts", "absent.json"], "cannot be read", id="absent"),
        pytest.param(["--verdicts", "moc"], "moc", id="target"),
        pytest.param(["--verdicts", "mock", "--", "--odd"], "--odd", id="option"),
        pytest.param(["--verdicts", "mock", "vllm"], "is no option", id="two"),
        pytest.param(
            ["--verdicts", "mock", "--", "--select", "no.such"], "no.such", id="check"
        ),
        pytest.param(
            ["--verdicts", "mock", "--fault", "done-missing"],
            "--fault is an option of the mock",
            id="fault",
        ),
        pytest.param(
            ["--verdicts", "mock", "--host", "0.0.0.0"],  # noqa: S104  # refused
            "add --token-env NAME",
            id="network",
        ),
        pytest.param(
            ["--verdicts", "mock", "--token-env", "NOT_SET"], "NOT_SET", id="token"
        ),
        pytest.param(["--token-env", "TOK"], "is for --verdicts", id="no-verdicts"),
        pytest.param(["--", "--select"], "is for --verdicts", id="words"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, says, capsys):
    code = run(["serve", *arguments])

    said = capsys.readouterr().err
    assert code == 2
    assert says in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1


def test_a_report_takes_no_options_of_a_run(report, capsys):
    assert run(["serve", "--verdicts", str(report), "--", "--slow"]) == 2
    assert "is judged already; leave out --slow" in capsys.readouterr().err
