"""A report to write, and what runs the command line in this process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contract.cli import run
from contract.report import Report


@dataclass(frozen=True)
class Done:
    """What a command line left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def held_report():
    """A report with nothing in it."""
    return Report(headers=(), results=())


@pytest.fixture
def command(capsys, monkeypatch):
    """Runs one command line; its exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments):
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return command
