"""Tests of the real llama.cpp with the tiny model, through the command line."""

import os
import sys

import pytest

from contract.cli import run
from contract.engines import llama_server

pytest.importorskip("xllamacpp", reason="the extra [llamacpp] is not installed")
pytest.importorskip("gguf", reason="the extra [tiny] is not installed")


@pytest.fixture
def command(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments):
        code = run(list(arguments))
        return code, capsys.readouterr().out

    return command


@pytest.mark.long
def test_llama_cpp_keeps_its_contract(command):
    families = ("schema", "streaming", "reasoning", "usage")
    select = [word for family in families for word in ("--select", family)]
    code, out = command("verify", "llamacpp:tiny", *select)

    assert 0 == code, out
    assert "\nPASSED: " in out
    assert 'llamacpp (models owned by "llamacpp"' in out


@pytest.mark.long
def test_missing_reasoning_parser_is_detected(command):
    target = "llamacpp:tiny?reasoning_format=none"
    code, out = command(
        "verify", target, "--profile", "llamacpp", "--select", "reasoning"
    )

    assert 1 == code
    assert "FAIL   reasoning.no-marker-in-answer   MUST" in out


def test_key_is_required_and_never_printed(command):
    code, out = command(
        "verify", "llamacpp:tiny?key=sk-llama-1&ctx=2048", "--select", "*key*"
    )

    assert 0 == code, out
    assert "no-key" not in out.partition("SKIP")[2]
    assert "llamacpp:tiny?key=***&ctx=2048\n" in out
    assert "sk-llama" not in out


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
@pytest.mark.long
def test_given_program_is_run_instead_of_the_wheel(command, tmp_path):
    """The program runs the wheel's server; the test shows how it is called."""
    program, calls = tmp_path / "llama-server", tmp_path / "calls"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {calls}\n'
        f'exec {sys.executable} -I {llama_server.__file__} "$@"\n'
    )
    program.chmod(0o755)
    code, out = command(
        "verify", f"llamacpp:tiny?server={program}", "--select", "streaming"
    )

    assert 0 == code, out
    assert "\nPASSED: " in out
    (call,) = calls.read_text().splitlines()
    assert "--jinja" in call.split()


def test_invalid_model_is_reported_by_llama_cpp_without_a_traceback(tmp_path, capsys):
    (tmp_path / "bad.gguf").write_bytes(b"GGUFbad")
    code = run(["verify", f"llamacpp:{tmp_path / 'bad.gguf'}"])
    err = capsys.readouterr().err

    assert 3 == code
    assert "failed to load model" in err
    assert "Traceback" not in err
