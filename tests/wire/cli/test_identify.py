"""`identify` as a command: files, exit codes, and sentences for what is wrong."""

from __future__ import annotations

import json
import socket

import pytest

from contract.cli import run
from contract.cli.identify import identify_command  # noqa: F401  # what is tested
from contract.identity.fingerprint import load

QUICK = ("--long-prompt", "0")


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    path = tmp_path_factory.mktemp("identity") / "trusted.json"
    assert run(["identify", "mock:vllm", "--save", str(path), *QUICK]) == 0
    return path


def test_a_saved_endpoint_is_the_same(trusted, tmp_path, capsys):
    report = tmp_path / "out.json"
    given = ["identify", "mock:vllm", "--against", str(trusted), "--json", str(report)]

    assert run(given) == 0
    assert capsys.readouterr().out.startswith("same: mock:vllm [")
    found = json.loads(report.read_text("utf-8"))
    assert (found["format"], found["verdict"]) == ("identity-v1", "same")
    assert found["differs_in"] == []
    assert found["output_tokens"] <= 60


def test_the_file_holds_no_key_and_at_most_sixty_tokens(trusted):
    assert "sk-" not in trusted.read_text("utf-8")
    assert load(str(trusted)).tokens <= 60


def test_without_log_probabilities_quantisation_cannot_be_told(tmp_path, capsys):
    path = str(tmp_path / "one.json")
    assert run(["identify", "mock:mistral", "--save", path, *QUICK]) == 0
    assert run(["identify", "mock:mistral", "--against", path]) == 3
    assert "show no quantisation for sure" in capsys.readouterr().out


def test_an_unreachable_endpoint_leaves_no_file(tmp_path, capsys):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{one.getsockname()[1]}/v1"
        code = run(["identify", url, "--save", str(tmp_path / "one.json")])

    assert code == 3
    assert capsys.readouterr().err.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


WRONG = {
    "no target": ([], "Name a URL or a target to identify"),
    "nothing to do": (["mock"], "Give --save FINGERPRINT"),
    "json alone": (["mock", "--save", "x", "--json", "y"], "--json writes a verdict"),
    "no file": (["mock", "--against", "absent"], "absent cannot be read"),
    "unknown name": (["mock", "--against", "known:x"], "no known fingerprint 'x'"),
    "too few tokens": (["mock", "--save", "x", "--max-tokens", "3"], "--max-tokens"),
    "no folder": (["mock", "--save", "absent/x"], "absent/x"),
    "unknown target": (["mok", "--save", "x"], "mok"),
    "unknown fault": (["mock?fault=quantized", "--save", "x"], "quantized"),
    "unknown profile": (["mock", "--save", "x", "--profile", "no"], "no"),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_a_sentence(given, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert run(["identify", "--no-config", *given]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_fewer_tokens_than_the_fingerprint_took_are_refused(trusted, capsys):
    given = ["identify", "mock:vllm", "--against", str(trusted), "--max-tokens", "30"]

    assert run(given) == 2
    assert "raise it" in capsys.readouterr().err
