"""The real llama.cpp with the tiny model, for as long as the command line takes."""

import pytest

from contract.cli import run

pytest.importorskip("xllamacpp", reason="the extra [llamacpp] is not installed")
pytest.importorskip("gguf", reason="the extra [tiny] is not installed")


@pytest.fixture
def command(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments):
        code = run(list(arguments))
        return code, capsys.readouterr().out

    return command


def test_llama_cpp_keeps_its_contract(command):
    families = ("schema", "streaming", "reasoning", "usage")
    select = [word for family in families for word in ("--select", family)]
    code, out = command("verify", "llamacpp:tiny", *select)

    assert 0 == code, out
    assert "\nHELD: " in out
    assert 'llamacpp (models owned by "llamacpp"' in out


def test_missing_reasoning_parser_is_found(command):
    target = "llamacpp:tiny?reasoning_format=none"
    code, out = command(
        "verify", target, "--profile", "llamacpp", "--select", "reasoning"
    )

    assert 1 == code
    assert "FAIL   reasoning.no-marker-in-answer   MUST" in out


def test_key_is_demanded_and_never_shown(command):
    code, out = command(
        "verify", "llamacpp:tiny?key=sk-llama-1&ctx=2048", "--select", "*key*"
    )

    assert 0 == code, out
    assert "no-key" not in out.partition("SKIP")[2]
