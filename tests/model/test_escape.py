"""Control characters and commands in untrusted text are escaped."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model.escape import (
    escape_controls,
    escape_lines,
    escape_logging_commands,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="escape"),
        pytest.param("a\nb\tc\rd", "a\\nb\\tc\\rd", id="white-space"),
        pytest.param("\x9b31m", "\\x9b31m", id="c1-csi"),
        pytest.param("a\u202eb\u2066", "a\\u202eb\\u2066", id="bidi"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag"),
        pytest.param("\ud800", "\\ud800", id="lone-surrogate"),
        pytest.param("\x07\x00\x7f", "\\x07\\x00\\x7f", id="controls"),
        pytest.param("::error::x", "\\x3a:error::x", id="command"),
        pytest.param(" \u00a0::error::x", " \u00a0\\x3a:error::x", id="after-space"),
        pytest.param("##[add-mask]x", "##\\x5badd-mask]x", id="old-command"),
        pytest.param("a ##vso[task.x]y", "a ##vso\\x5btask.x]y", id="azure"),
        pytest.param("##teamcity[x", "##teamcity\\x5bx", id="teamcity"),
        pytest.param("std::string ## [x]", "std::string ## [x]", id="in-the-middle"),
        pytest.param("[red]日本語 👋🏽", "[red]日本語 👋🏽", id="harmless"),
    ],
)
def test_controls_and_commands_are_escaped(text, expected):
    assert expected == escape_controls(text)


@given(st.text())
def test_what_is_escaped_stays_as_it_is(text):
    once = escape_controls(text)

    assert escape_controls(once) == once
    assert escape_lines(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("\x1b[1;31mred\x1b[0m\n\tb\n", None, id="own-formatting"),
        pytest.param("\x1b[2J\x1b]0;x\x07", "\\x1b[2J\\x1b]0;x\\x07", id="controls"),
        pytest.param("a\rb\r\n", "a\\rb\\r\n", id="overwritten"),
        pytest.param("a\n  ::error::x\n", "a\n  \\x3a:error::x\n", id="command"),
        pytest.param("a\u2028b", "a\\u2028b", id="separator"),
        pytest.param("a ::error\n##[x]", "a ::error\n##\\x5bx]", id="old-command"),
    ],
)
def test_lines_keep_their_own_formatting_only(text, expected):
    assert escape_lines(text) == (text if expected is None else expected)


def test_the_bracket_of_a_command_can_be_spelled_for_json():
    assert escape_logging_commands("##[x]", "\\u005b") == "##\\u005bx]"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("::error title=a b%3A::c::d", True),
        ("::warning title=a::b", False),
        ("::error::a", False),
        ("::error file=x::a", False),
        ("::error title=a,file=x::b", False),
        (" ::error title=a::b", False),
        ("::error title=a", False),
        ("::ERROR title=a::b", False),
        ("::add-mask::a", False),
    ],
)
def test_lines_may_have_the_commands_that_are_named(line, kept):
    shown = escape_lines(f"x\n{line}\nx", {"error"})

    assert (shown == f"x\n{line}\nx") is kept
    assert kept or not re.search("^ *::", shown, re.MULTILINE)
    assert escape_lines(line) == escape_lines(line, ()) != line
