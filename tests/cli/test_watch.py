"""`watch`: options and mistakes; what it watches is in `tests/wire/cli`."""

from __future__ import annotations

import socket
import sys

import pytest

FEW = ("--no-config", "--select", "streaming.ends-with-done", "--every", "1s")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("HISTORY", "WEBHOOK"):
        monkeypatch.delenv(f"MAGISTRAL_CONTRACT_{name}", raising=False)


def test_a_target_that_passes_is_one_line(command):
    done = command("watch", "mock", *FEW, "--runs", 1)

    assert (done.code, done.err) == (0, "")
    (line,) = done.out.splitlines()
    assert line.endswith("mock: passing; PASSED: 1 check passed.")


def test_a_change_ends_the_watch_if_asked_for(command):
    done = command("watch", "mock?fault=done-missing", *FEW, "--until-change")

    assert done.code == 1
    assert "mock?fault=done-missing: broken streaming.ends-with-done: " in done.out


def test_what_failed_in_the_last_session_is_no_change(command, tmp_path):
    options = (*FEW, "--history", tmp_path / "h.db", "--runs", 1)
    first = command("watch", "mock?fault=done-missing", *options)
    second = command("watch", "mock?fault=done-missing", *options)

    assert (first.code, second.code) == (1, 1)
    assert ": broken streaming.ends-with-done" in first.out
    assert ": failing (streaming.ends-with-done); FAILED" in second.out
    listed = command("history", "list", "--history", tmp_path / "h.db", "--no-config")
    assert listed.out.count("  watch\n") == 2


def test_a_target_that_is_away_is_a_condition(command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = command("watch", f"http://127.0.0.1:{port}/v1", *FEW, "--runs", 2)

    assert done.code == 3
    assert done.out.count("away since") == 1
    assert "connection refused" in done.out


def test_a_change_is_handed_to_the_command_and_its_failure_is_said(command, tmp_path):
    program = tmp_path / "alert.py"
    program.write_text(
        "import pathlib, sys\n"
        "pathlib.Path(__file__).with_name('got').write_text(sys.stdin.read())\n"
        "sys.exit(3)\n"
    )
    done = command(
        *("watch", "mock?fault=done-missing", *FEW, "--runs", 1),
        *("--command", f"{sys.executable} {program}"),
    )

    assert '"kind": "broken"' in (tmp_path / "got").read_text()
    assert "ended with 3; the change was not delivered" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--every", "soon"], "--every must be a period such as 30s"),
        (["--every", "0s"], "--every must be a period"),
        (["--every", "-5m"], "--every must be a period"),
        (["--every", "20"], "--every must be a period"),
        (["--every", "0.5s"], "--every must be 1s or longer"),
        (["--every", "99999w"], "--every must be a period"),
        (["--every", "nan" + "s"], "--every must be a period"),
        (["--quick", "10s"], "--quick must be a shorter period than --every"),
        (["--quick", "0.1s"], "--quick must be 1s or longer"),
        (["--metrics", "port"], "--metrics must be a port or ADDRESS:PORT"),
        (["--metrics", ":99999"], "--metrics must be a port"),
        (["--metrics", "999.1.1.1:0"], "Metrics cannot be served on 999.1.1.1:0"),
        (["--otlp", "h:4318"], "--otlp is invalid"),
        (["--webhook", "hooks"], "--webhook is invalid"),
        (["--command", "no-such-program-here"], "--command names no program"),
        (["--runs", "0"], "--runs"),
        (["--history", "nowhere/h.db"], "existing folder"),
        (["--select", "nothing"], "nothing"),
        (["--api-key-env", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
        (["mock:unknown"], "unknown"),
        (["mock?key=a-key-of-mine", "mock?key=b-key-of-mine"], "differ only by their"),
    ],
)
def test_bad_input_is_a_sentence(command, arguments, words):
    given = ["mock", *arguments] if arguments[0].startswith("--") else arguments
    few = FEW if "--every" not in given else FEW[:-2]
    done = command("watch", *few, *given)

    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert len(done.err.splitlines()) == 1


def test_without_the_packages_the_command_is_named(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    done = command("watch", "mock", *FEW, "--metrics", ":0", "--runs", 1)

    assert (done.code, done.out) == (2, "")
    assert "python -m pip install -e '.[watch]'" in done.err
