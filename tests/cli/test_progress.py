from __future__ import annotations

import io

import pytest

from contract.cli.progress import Progress
from contract.model.check import Check
from contract.run.report import (
    Outcome,
    Result,
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def _run(*, quiet=False, color=None):
    check = Check(id="a.b", requirement="x MUST y.", source="", sends=(), judge=iter)
    result = Result(check=check, target="mock", outcome=Outcome.PASS)
    with Progress("mock\x1b[2J", 3, color=color, quiet=quiet) as progress:
        progress.sent(2, 7)
        progress.judged(result)


def test_a_terminal_sees_requests_and_checks(monkeypatch):
    page = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", page)
    _run()
    text = page.getvalue()

    assert "2/7 requests" in text
    assert "1/3 checks: 1 pass" in text
    assert "mock\\x1b[2J" in text


@pytest.mark.parametrize(
    ("page", "quiet"),
    [
        pytest.param(io.StringIO(), False, id="no-terminal"),
        pytest.param(Terminal(), True, id="quiet"),
    ],
)
def test_nobody_else_is_bothered(monkeypatch, page, quiet):
    monkeypatch.setattr("sys.stderr", page)
    _run(quiet=quiet)

    assert page.getvalue() == ""
