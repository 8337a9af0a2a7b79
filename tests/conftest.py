"""What runs the command line in this process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contract.cli import run
from contract.model.redaction import SECRETS


@dataclass(frozen=True)
class Done:
    """What a command line left behind."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _own_secrets():
    """Forget at the end of a test the keys that it used: another may print them."""
    with SECRETS.scope():
        yield


@pytest.fixture
def command(capsys, monkeypatch):
    """`command("verify", "mock")` as the shell runs it: exit code, output, errors."""
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments):
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return command
