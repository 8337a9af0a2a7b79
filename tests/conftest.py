"""Hypothesis profiles, and what runs the command line in this process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

from contract.cli import run
from contract.model.redaction import SECRETS

# pytest loads this file in a clone, whatever it is asked to run, and the README's
# `pytest --pyargs contract.suite` needs no Hypothesis.
if find_spec("hypothesis"):
    from hypothesis import settings

    # The same examples on every run, so that a red run is red again. `random` draws
    # others (CONTRIBUTING.md); what it finds becomes an explicit @example.
    settings.register_profile("fixed", deadline=None, derandomize=True, max_examples=25)
    settings.register_profile(
        "random", deadline=None, max_examples=200, print_blob=True
    )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


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
