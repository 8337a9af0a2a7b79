from __future__ import annotations

import io

import pytest
from rich.console import Console

from contract.reporters.console import console, show


def _shown(report, **options):
    page = io.StringIO()
    terminal = Console(file=page, width=60, force_terminal=True, color_system="256")
    show(report, terminal, **options)
    return page.getvalue()


def test_what_people_read_is_golden(report, golden):
    text = console.render(report)

    assert golden("report.txt", text) == text


def test_a_held_contract_is_golden(held, golden):
    text = console.render(held)

    assert golden("held.txt", text) == text


def test_verbose_names_what_passed_and_what_was_skipped(report, golden):
    page = io.StringIO()
    show(report, Console(file=page, width=88, color_system=None), verbose=True)

    assert golden("verbose.txt", page.getvalue()) == page.getvalue()


def test_quiet_is_a_line_for_each_target_and_the_verdict(report):
    page = io.StringIO()
    show(report, Console(file=page, width=88, color_system=None), quiet=True)
    words = [line.split(": ")[0] for line in page.getvalue().splitlines()]

    assert words == ["mock HELD", "mock:vllm VIOLATED", "VIOLATED"]


@pytest.mark.parametrize("verbose", [False, True], ids=["plain", "verbose"])
def test_hostile_text_prints_inert(report, verbose):
    text = _shown(report, verbose=verbose)

    assert "so \\x1b[31m[red]42[/red]\\x00 <b>&\\u202e\\ud800]]>" in text
    assert "\x1b[31m[red]" not in text
    assert not set("\x00\u202e\ud800") & set(text)


def test_a_command_is_never_wrapped(report):
    command = "magistral-contract verify mock:vllm --select reasoning.precedes-answer"

    assert command in _shown(report)
