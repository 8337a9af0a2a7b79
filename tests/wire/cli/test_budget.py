"""The verb `budget`."""

from __future__ import annotations

import json
import tomllib

import pytest

TARGET = "mock:vllm?ttft=4ms"
SETTINGS = """\
[project]
name = "mine" # stays

[tool.magistral-contract]
strict = true

[tool.other]
a = 1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings_of(path):
    return tomllib.loads(path.read_text())["tool"]["magistral-contract"]


@pytest.mark.long
def test_what_is_written_is_what_verify_passes(command, folder):
    path = folder / "pyproject.toml"
    path.write_text(SETTINGS)
    # Ten times the slowest sample: this test is about the way, not about this machine.
    done = command("budget", TARGET, "--samples", "72", "--headroom", "9", "--write")
    written = settings_of(path)
    verified = command("verify", "--select", "latency.ttft", "--select", "latency.e2e")

    assert (done.code, done.err) == (0, "")
    assert "72 of 72 samples answered" in done.out
    assert "wrote pyproject.toml" in done.out
    assert written["targets"] == [TARGET]
    assert written["strict"] is True
    assert any(text.startswith("ttft=") for text in written["budget"])
    assert 'name = "mine" # stays' in path.read_text()
    assert verified.code == 0
    assert "PASSED: 2 checks passed" in verified.out


def test_without_write_the_settings_are_shown_and_nothing_is_written(command, folder):
    done = command("budget", TARGET, "--samples", "72")
    table = done.out.partition("or give --write:\n\n")[2]

    assert done.code == 0
    assert tomllib.loads(table)["tool"]["magistral-contract"]["targets"] == [TARGET]
    assert list(folder.iterdir()) == []


def test_budgets_are_replaced_with_force_only(command, folder):
    path = folder / "pyproject.toml"
    path.write_text('[tool.magistral-contract]\nbudget = ["ttft=9s"]\n')
    refused = command("budget", TARGET, "--write")

    assert (refused.code, refused.out) == (2, "")
    assert "--force" in refused.err
    assert settings_of(path) == {"budget": ["ttft=9s"]}


def test_too_few_answers_are_inconclusive(command):
    target = f"{TARGET}&fault=http-500&every=2"
    done = command("budget", target, "--samples", "72", "--json")
    found = json.loads(done.out)

    assert done.code == 3
    assert "36 samples cannot bound the 95th percentile" in done.err
    assert (found["answered"], found["budget"]) == (36, {})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name a target to measure"),
        ((TARGET, "--samples", "20"), "that takes 72; give --samples 72 or more"),
        ((TARGET, "--percentile", "99"), "that takes 368"),
        ((TARGET, "--samples", "0"), "0"),
        ((TARGET, "--samples", "many"), "many"),
        ((TARGET, "--headroom", "-1"), "-1"),
        ((TARGET, "--percentile", "90"), "90"),
        (("mock:vlm",), "vllm"),
        (("http://",), "no host"),
        ((f"{TARGET}&key=sk-123456", "--write"), "key"),
        ((TARGET, "--profile", "vlm"), "vllm"),
        ((TARGET, "--config", "missing.toml"), "missing.toml"),
    ],
)
def test_a_mistake_is_one_sentence(command, arguments, said):
    done = command("budget", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "sk-123456" not in done.err


def test_a_file_of_keys_alone_is_not_written_into(command, folder):
    file = folder / "staging.toml"
    file.write_text("strict = true\n")
    done = command("budget", TARGET, "--config", str(file), "--write")

    assert done.code == 2
    assert "has no table" in done.err
    assert file.read_text() == "strict = true\n"


def test_a_server_that_is_not_there(command):
    done = command("budget", "http://127.0.0.1:1/v1")

    assert done.code == 3
    assert "cannot be reached" in done.err
