"""Exit codes and error messages of the command line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import contract
from contract import cli
from contract.errors import CheckError, SpecError, TargetError, UsageError


def fail_with(monkeypatch, error):
    """Make every verb raise *error*."""

    @click.command()
    def failing():
        raise error

    monkeypatch.setattr(cli.VerbGroup, "get_command", lambda *_: failing)


def test_the_version_is_printed(command):
    done = command("--version")

    assert (done.code, done.err) == (0, "")
    assert done.out == f"magistral-contract, version {contract.__version__}\n"


def test_help_lists_the_verbs_and_the_exit_codes(command):
    done = command("--help")

    assert done.code == 0
    assert all(verb in done.out for verb in cli.VERBS)
    assert "Exit codes: 0 passed, 1 failed, 2 usage error" in done.out


def test_a_missing_verb_is_a_usage_error_with_help(command):
    done = command()

    assert (done.code, done.out) == (2, "")
    assert "Usage: magistral-contract" in done.err


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help(command, verb):
    done = command(verb, "--help")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: magistral-contract {verb}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["verfy"], "verfy", id="verb"),
        pytest.param(["verify", "--slw"], "--slw", id="option"),
        pytest.param(["verify", "--concurrency", "0"], "--concurrency", id="value"),
        pytest.param(["replay"], "DIR", id="missing-argument"),
    ],
)
def test_an_invalid_command_line_is_one_sentence(command, arguments, words):
    done = command(*arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert words in done.err
    assert "--help`." in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(UsageError("no such thing."), 2, id="usage"),
        pytest.param(SpecError("no such thing."), 2, id="spec"),
        pytest.param(TargetError("no such thing."), 3, id="target"),
        pytest.param(CheckError("a.b", ValueError("x")), 4, id="check"),
        pytest.param(KeyboardInterrupt(), 130, id="interrupt"),
        pytest.param(click.Abort(), 130, id="abort"),
        pytest.param(ZeroDivisionError("x"), 4, id="bug"),
    ],
)
def test_an_error_is_a_sentence_with_its_exit_code(command, monkeypatch, error, code):
    fail_with(monkeypatch, error)
    done = command("list")

    assert (done.code, done.out) == (code, "")
    assert done.err.lstrip().startswith("error: ")  # after ^C, on a line of its own
    assert "Traceback" not in done.err


def test_a_bug_is_reported_as_such_with_its_traceback_on_debug(command, monkeypatch):
    fail_with(monkeypatch, ZeroDivisionError("by zero"))
    plain, debugged = command("list"), command("--debug", "list")

    assert "ZeroDivisionError: by zero. This is a bug" in plain.err
    assert "Traceback (most recent call last)" in debugged.err


def test_control_characters_in_an_error_are_escaped(command, monkeypatch):
    fail_with(monkeypatch, TargetError("it returned \x1b[2J\u202e."))
    done = command("list")

    assert done.err == "error: it returned \\x1b[2J\\u202e.\n"


def test_a_panic_of_compiled_code_is_a_sentence(command, monkeypatch):
    fail_with(monkeypatch, type("PanicException", (BaseException,), {})("no stack"))
    done = command("list")

    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("error: PanicException: no stack. This is a bug")


def test_an_interruption_of_the_imports_is_a_sentence(tmp_path):
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join([str(tmp_path), str(Path(contract.__file__).parents[1])])
    done = subprocess.run(  # the interpreter of this test
        [sys.executable, "-c", "from contract.__main__ import main; main()", "list"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "error: interrupted.\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGPIPE to imitate")
def test_a_closed_output_is_not_an_error():
    code = "from contract.cli import main; main(['list'])"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, b"")


def test_characters_that_the_terminal_cannot_encode_are_escaped(monkeypatch):
    page = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", page)
    fail_with(monkeypatch, UsageError("x"))
    cli.run(["list"])
    page.write("·")
    page.flush()

    assert page.buffer.getvalue() == b"\\xb7"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(["-m", "contract"], id="module"),
        pytest.param(["-c", "from contract.cli import main; main()"], id="script"),
    ],
)
def test_the_program_starts_without_heavy_imports(program):
    """The benchmarks measure the time; this test names the imports."""
    done = subprocess.run(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-X", "importtime", *program, "--version"],
        check=True,
        capture_output=True,
        text=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    tops = {name.partition(".")[0] for name in imported}

    assert done.stdout.startswith("magistral-contract, version ")
    assert "click" in tops
    assert not tops & {"PIL", "hypothesis", "mistral_common", "numpy", "pytest"}
    assert not tops & {"schemathesis", "starlette", "uvicorn"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(
            ["verfy"], "Unknown verb 'verfy'. Did you mean 'verify'? See", id="verb"
        ),
        pytest.param(
            ["http://h/v1"], "write `magistral-contract verify http://h/v1`", id="url"
        ),
        pytest.param(["mock:vllm"], "is a target, not a verb", id="target"),
        pytest.param(["verify", "--budgt"], "'--budget'", id="option"),
        pytest.param(["list", "--fault"], "Did you mean '--faults'? See", id="end"),
        pytest.param(["verify", "moc:vllm"], "Did you mean 'mock'", id="kind"),
        pytest.param(["verify", "mock:vlm"], "Did you mean 'vllm'", id="dialect"),
        pytest.param(
            ["verify", "--select", "usage.sum-up"], "'usage.sums-up'", id="check"
        ),
        pytest.param(
            ["verify", "--report", "jsn=a"], "Did you mean 'json'", id="report"
        ),
    ],
)
def test_a_typing_mistake_is_answered_with_the_nearest(command, arguments, words):
    done = command(*arguments)

    assert (done.code, done.out) == (2, "")
    assert words in done.err
