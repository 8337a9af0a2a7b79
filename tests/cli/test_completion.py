"""`completion`, and what the shell completes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_contains_the_program_and_its_variable(command, shell):
    done = command("completion", shell)

    assert done.code == 0
    assert "magistral-contract" in done.out
    assert "_MAGISTRAL_CONTRACT_COMPLETE" in done.out


def test_an_unknown_shell_is_a_usage_error(command):
    done = command("completion", "tcsh")

    assert done.code == 2
    assert "'bash', 'zsh', 'fish'" in done.err


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        pytest.param("ver", "verify", id="verbs"),
        pytest.param(
            "verify --select streaming.ends", "streaming.ends-with-done", id="checks"
        ),
        pytest.param("verify --select strea", "streaming", id="families"),
        pytest.param("verify --report ju", "junit=", id="reports"),
        pytest.param("verify mock:mis", "mock:mistral", id="targets"),
        pytest.param("verify --profile vllm-0.1", "vllm-0.16", id="profiles"),
        pytest.param("serve --dialect mis", "mistral", id="dialects"),
        pytest.param("serve --fault done-m", "done-missing", id="faults"),
        pytest.param("serve --fault vllm-3013", "vllm-30139", id="breakages"),
    ],
)
@pytest.mark.long
def test_the_shell_completes(line, completed):
    words = f"magistral-contract {line}"
    done = subprocess.run(  # the interpreter of this test
        [sys.executable, "-c", "from contract.cli import main; main()"],
        env={
            **os.environ,
            "_MAGISTRAL_CONTRACT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"plain,{completed}" in done.stdout.splitlines()
