"""The progress display."""

from __future__ import annotations

import io

import pytest

from contract.cli.progress import Progress
from contract.model.check import Check
from contract.run.report import Outcome, Result


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self):
        return True


def _run(*, quiet=False, color=None):
    check = Check(id="a.b", requirement="x MUST y.", source="", sends=(), judge=iter)
    results = [
        Result(check=check, target="mock", outcome=Outcome.PASS),
        Result(check=check, target="mock", outcome=Outcome.FAIL),
    ]
    with Progress("mock\x1b[2J", 3, color=color, quiet=quiet) as progress:
        progress.sent(2, 7)
        for result in results:
            progress.judged(result)


def test_a_terminal_shows_requests_and_checks(monkeypatch):
    page = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", page)
    _run()
    text = page.getvalue()

    assert "2/7 requests" in text
    assert "2/3 checks: 1 passed, 1 MUST failed" in text
    assert "mock\\x1b[2J" in text


@pytest.mark.parametrize(
    ("page", "quiet"),
    [
        pytest.param(io.StringIO(), False, id="no-terminal"),
        pytest.param(Terminal(), True, id="quiet"),
    ],
)
def test_nothing_is_shown_otherwise(monkeypatch, page, quiet):
    monkeypatch.setattr("sys.stderr", page)
    _run(quiet=quiet)

    assert page.getvalue() == ""
