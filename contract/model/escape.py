"""
Escapes of text from a server, so that it is inert in terminals and logs of CI systems.

CI systems take lines of a job's output for commands: GitHub Actions those that begin
with `::`, and, as Azure Pipelines (`##vso[`) and TeamCity (`##teamcity[`), `##[`
anywhere in a line (actions/runner, `ActionCommand.TryParse` and `TryParseV2`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

# Everything that can control a terminal or mislead a reader: C0 and C1 controls, DEL,
# line separators, bidirectional and deprecated formatting (Unicode TR 36 and 20.3),
# annotations, tags and lone surrogates.
_CONTROLS = (
    "\x00-\x1f\x7f-\x9f\u061c\u180e\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_CONTROL = re.compile(f"[{_CONTROLS}]")
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\x1b"}
# A command at the beginning of a text, which may be the beginning of a line.
_COMMAND = re.compile(r"\A(\s*):(?=:)")
_LOGGING_COMMAND = re.compile(r"(##[A-Za-z]{0,16})\[")
# What may be in whole lines of output: line breaks, tabs, and the colours of this
# program. A terminal, unlike a file or a log, also gets the moves of its progress bar.
_IN_LINES = re.compile(
    rf"(?m:^)(?P<space>[^\S\r\n]*):(?=:)|(\x1b\[[0-9;]*m|\n|\t)|[{_CONTROLS}]"
)
# What follows the first colon of a command with a title, such as an annotation.
_TITLED = re.compile(r":([a-z]+) title=[^:,\r\n]*::")
# A first two digits are enough for codes below this one.
_TWO_DIGITS = 0x100
_FOUR_DIGITS = 0x10000


def escape_controls(text: str) -> str:
    """Return *text* on one line, with every control and command of CI escaped."""
    text = _CONTROL.sub(_escaped, text)
    return escape_logging_commands(_COMMAND.sub(r"\1\\x3a", text))


def escape_lines(text: str, commands: Collection[str] = ()) -> str:
    """
    Return lines of output in which only line breaks, tabs and colours are controls.

    *text* is whole lines: no line of it begins with a command of GitHub Actions, but
    for *commands* with a title and nothing else (`::error title=…::`).
    """

    def escaped(match: re.Match[str]) -> str:
        if match["space"] == "" and commands:
            titled = _TITLED.match(text, match.end())
            if titled and titled[1] in commands:
                return match[0]
        return _escaped_in_lines(match)

    return escape_logging_commands(_IN_LINES.sub(escaped, text))


def escape_logging_commands(text: str, bracket: str = "\\x5b") -> str:
    """Return *text* with *bracket* in place of that of `##[`, `##vso[` and so on."""
    return _LOGGING_COMMAND.sub(lambda match: match[1] + bracket, text)


def escape_json(text: str) -> str:
    """
    Return *text*, a JSON document, with what a log would obey escaped in its strings.

    Its value is the same, and any text in it stays readable.
    """
    text = _CONTROL.sub(_escaped_in_json, text)
    return escape_logging_commands(text, bracket="\\u005b")


def _escaped_in_json(match: re.Match[str]) -> str:
    # Other C0 controls cannot be in JSON; these are between its values.
    return match[0] if match[0] in "\n\r\t" else json.dumps(match[0])[1:-1]


def _escaped_in_lines(match: re.Match[str]) -> str:
    if match["space"] is not None:
        return match["space"] + "\\x3a"
    return match[2] or _escaped(match)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character in _NAMES:
        return _NAMES[character]
    code = ord(character)
    if code < _TWO_DIGITS:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _FOUR_DIGITS else f"\\U{code:08x}"
