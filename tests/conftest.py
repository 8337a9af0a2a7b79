"""Golden files, Hypothesis profiles, and what runs the command line in this process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

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

# A shell gives what it starts with `&` an ignored SIGINT (POSIX, 2.12), and CI starts
# much so. Programs under test would inherit it and never hear of Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

GOLDEN = Path(__file__).parent.parent / "fixtures" / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switches that only the tests of this project have."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite fixtures/golden"
    )
    parser.addoption(
        "--matrix-check",
        action="append",
        metavar="ID",
        help="with -m matrix: only the faults of this check; repeatable",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: many tests wait for a socket or a process."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], str]:
    """`golden(name, text)` is the committed text; with --update-golden, *text*."""

    def committed(name: str, text: str) -> str:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        return path.read_text(encoding="utf-8")

    return committed


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
