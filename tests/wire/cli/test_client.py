"""`client` judges a program: verdicts, reports, exit codes and wrong use."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from contract.cli import run

PROGRAMS = Path(__file__).resolve().parents[2] / "clients" / "programs"
REFERENCE = f"{sys.executable} {PROGRAMS / 'reference.py'}"


RESPONSES = f"{sys.executable} {PROGRAMS / 'reference_responses.py'}"


@pytest.fixture
def program(tmp_path):
    """`program(source)` is the command of a Python program."""

    def program(source):
        path = tmp_path / "program.py"
        path.write_text(source)
        return f"{sys.executable} -I {path}"

    return program


def client(*words, command=REFERENCE, dialect="vllm"):
    more = ["--dialect", dialect] if dialect else []
    return run(["client", "--command", command, *more, *words])


def test_a_client_of_responses_is_judged_by_their_items(capfd):
    chosen = ("--scenario", "tool-stream", "--scenario", "cut-thought-stream")
    words = ("--one-process", "--verbose", *chosen)

    assert client(*words, command=RESPONSES, dialect="mistral-responses") == 0
    shown = capfd.readouterr().out
    for check in ("answers-each-call", "reports-cut-thoughts", "replays-calls"):
        assert f"PASS   client.{check}" in shown


def test_a_client_of_another_path_gets_the_path_in_a_finding(capfd):
    words = ("--one-process", "--scenario", "plain")

    assert client(*words, dialect="vllm-responses") == 1
    said = capfd.readouterr()
    assert "/v1/responses" in said.out + said.err


def test_a_sound_program_passes_and_writes_reports(tmp_path, capfd):
    report, junit, page = (tmp_path / name for name in ("r.json", "j.xml", "p.html"))
    code = client(
        *("--select", "reasoning", "--select", "program", "--one-process", "--verbose"),
        *(
            "--scenario",
            "thought",
            "--scenario",
            "thought-stream",
            "--scenario",
            "plain",
        ),
        *("--report", f"json={report}", "--report", f"junit={junit}"),
        *("--report", f"html={page}"),
    )
    shown = capfd.readouterr().out
    saved = json.loads(report.read_text())

    assert code == 0
    assert "PASSED" in shown
    assert "client.reads-thoughts" in shown
    assert saved["format"] == "report-v1"
    assert {"reasoning", "program"} == {one["family"] for one in saved["results"]}
    assert "client.reads-thoughts" in junit.read_text()
    assert "client.reads-thoughts" in page.read_text()


def test_a_program_that_loses_the_thought_fails(program, capfd):
    source = (PROGRAMS / "reference.py").read_text()
    adapter = (PROGRAMS / "adapter.py").read_text().replace("from __future__", "#")
    bad = (
        source.replace(
            "import adapter",
            "import sys, types\nadapter = types.Module"
            "Type('adapter')\nexec(ADAPTER, vars(adapter))",
        )
        .replace("import email.utils", f"ADAPTER = {adapter!r}\nimport email.utils", 1)
        .replace('"reasoning": thought,', '"reasoning": "",')
    )
    code = client("--select", "client.reads-thoughts", command=program(bad))
    shown = capfd.readouterr().out

    assert code == 1
    assert "the reasoning is lost" in shown
    assert "--select client.reads-thoughts --dialect vllm-0.32" in shown


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import time; time.sleep(60)", "it did not end within 0.5 s"),
        ("print('hello')", "it printed no result, but 'hello'"),
        ("", "it printed nothing"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_program_that_asks_nothing_cannot_be_judged(program, capfd, source, words):
    code = client("--timeout", "500ms", command=program(source))
    said = capfd.readouterr()

    assert code in {1, 3}
    assert (
        "cannot be judged: for the scenario plain it sent no chat request" in said.err
    )
    assert words in said.err
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["client"], "Name the program"),
        (["client", "--command", ""], "--command is empty"),
        (["client", "--command", "'half"], "cannot be read"),
        (["client", "--command", "no-such-program-7"], "cannot be run"),
        (["client", "--command", "x", "--dialect", "vlm"], "Did you mean 'vllm"),
        (["client", "--command", "x", "--scenario", "thougt"], "Did you mean 'thought"),
        (["client", "--command", "x", "--select", "retry"], "No check matches 'retry'"),
        (["client", "--command", "x", "--timeout", "0s"], "must be longer"),
        (["client", "--command", "x", "--timeout", "soon"], "--timeout"),
        (["client", "--command", "x", "--jobs", "0"], "--jobs"),
        (["client", "--command", "x", "--report", "pdf=x"], "Unknown report 'pdf'"),
        (["client", "lst"], "lst"),
    ],
)
def test_wrong_use_is_a_sentence(capfd, words, said):
    assert run(words) == 2
    error = capfd.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_the_list_has_requirements_and_scenarios(capfd):
    assert run(["client", "list"]) == 0
    shown = capfd.readouterr().out

    assert "client.waits-for-retry-after   MUST" in shown
    assert "busy-then-well" in shown
