"""The command that repeats one check has every option that changes its verdict."""

from __future__ import annotations

import shlex

import pytest

from contract.cli.repeating import REPEATED, as_words
from contract.cli.verify import verify_command


def test_the_options_exist():
    known = {name for one in verify_command.params for name in one.opts}

    assert {f"--{name.replace('_', '-')}" for name in REPEATED} <= known


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"strict": True, "trust_plugins": False}, "--strict", id="switch"),
        pytest.param({"timeout": 20.0}, "--timeout 20s", id="seconds"),
        pytest.param({"timeout": "20s"}, "--timeout 20s", id="text"),
        pytest.param({"concurrency": 2, "profiles": None}, "--concurrency 2", id="n"),
        pytest.param({"budget": {"ttft": 1.5}}, "--budget ttft=1.5s", id="bounds"),
        pytest.param(
            {"budget": {"tokens_per_second": 20.0}},
            "--budget tokens_per_second=20",
            id="rate",
        ),
        pytest.param(
            {"budget": ("ttft=1s", "e2e=9s")},
            "--budget ttft=1s --budget e2e=9s",
            id="list",
        ),
        pytest.param({"retry_budget": 0.0}, "--retry-budget 0s", id="zero"),
        pytest.param({"select": ("a",), "quiet": True}, "", id="left-out"),
    ],
)
def test_settings_become_words(values, words):
    assert shlex.join(as_words(values)) == words


def test_again_keeps_what_was_given_and_what_a_file_set(command, tmp_path, monkeypatch):
    monkeypatch.setenv("TENANT", "blue")
    file = tmp_path / "a.toml"
    file.write_text(
        'targets = ["mock?fault=done-missing"]\ntimeout = "20s"\nstrict = true\n'
        'header-env = ["X-Tenant=TENANT"]\n'
    )
    done = command(
        *("verify", "--config", file, "--max-requests", "99", "--budget", "e2e=9s"),
        *("--select", "streaming.ends-with-done"),
    )
    again, of_all_failed = (
        line.split(maxsplit=1)[1]
        for line in done.out.splitlines()
        if line.split()[:1] == ["again"]
    )

    assert done.code == 1
    assert again == of_all_failed
    for words in (
        f"--config {file}",
        "--header-env X-Tenant=TENANT",
        "--timeout 20s",
        "--strict",
        "--max-requests 99",
        "--budget e2e=9s",
    ):
        assert words in again
    assert command(*shlex.split(again)[1:]).code == 1
