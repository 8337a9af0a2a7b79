"""Escapes control characters, so that text from a server is inert in a terminal."""

from __future__ import annotations

import re

# Everything that can control a terminal or mislead a reader: C0 and C1 controls, DEL,
# line separators, bidirectional overrides (Unicode TR 36) and lone surrogates.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\x1b"}


def escape_controls(text: str) -> str:
    """Return *text* on one line, with every control character escaped."""
    return _CONTROLS.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    short = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  # the first 256 take two digits
    return _NAMES.get(character, short)
