"""The progress display."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.progress import Progress as Bar

from contract.cli.progress import Progress, _Left
from contract.model.check import Check
from contract.run.report import Outcome, Result


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self):
        return True


CHECK = Check(id="a.b", requirement="x MUST y.", source="", sends=(), judge=iter)


def _run(*, quiet=False, color=None):
    results = [
        Result(check=CHECK, target="mock", outcome=Outcome.PASS),
        Result(check=CHECK, target="mock", outcome=Outcome.FAIL),
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

    assert "2/7 sent" in text
    assert "1 MUST failed" in text
    assert "mock\\x1b[2J" in text


@pytest.mark.parametrize("width", [80, 160])
def test_everything_is_shown_at_every_width(monkeypatch, width):
    page = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stderr", page)
    target = "mock:vllm?ttft=900ms&icl=40ms&fault=field-renamed"
    failed = Result(check=CHECK, target=target, outcome=Outcome.FAIL)
    with Progress(target, 400, color=False, quiet=False, number=2, of=3) as progress:
        for sent in (100, 101):
            progress.sent(sent, 440)
        for _ in range(12):
            progress.judged(failed)
        progress.judged(replace(failed, outcome=Outcome.ERROR))
    line = max(page.getvalue().split("\r"), key=len)

    assert "2/3 mock:vllm" in line
    assert "101/440 sent" in line
    assert "12 MUST failed, 1 inconclusive" in line
    assert "so far" in line or "left" in line


def test_the_time_left_is_that_of_the_requests_left():
    clock = iter(range(0, 1000, 10))
    bar = Bar(_Left(), get_time=lambda: next(clock), disable=True)
    task = bar.add_task("", total=None)
    (one,) = bar.tasks
    assert _Left().render(one).plain.endswith("so far")
    for sent in range(1, 4):
        bar.update(task, completed=sent, total=9)

    # Six are left, at one in ten seconds.
    assert _Left().render(one).plain == "1:00 left"


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


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
@pytest.mark.parametrize("quiet", [False, True])
def test_an_announcement_is_a_line_also_without_a_terminal(monkeypatch, kind, quiet):
    page = kind()
    monkeypatch.setattr("sys.stderr", page)
    with Progress("mock", 1, color=False, quiet=quiet) as progress:
        progress.announce("16 prompts\x1b[2J")

    assert ("16 prompts\\x1b[2J\n" in page.getvalue()) is not quiet
