"""Text with which a provider attacks whoever reads a report, and what must not be."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import fields, is_dataclass, replace
from typing import Any

# Attacks on terminals, logs of CI systems, Markdown, HTML, XML and JSON.
ATTACKS = (
    "\x1b[2J\x1b]0;title\x07",
    "\n::error file=a::forged\n",
    "\r\n::stop-commands::x\r\n",
    "::add-mask::a",
    " \u3000::set-output name=a::b",
    "##[add-mask]a",
    "##vso[task.setvariable variable=a]b",
    "\n##teamcity[buildStop]",
    "\nHELD: 999 checks passed, 0 failed.",
    "\u202egnp.exe\u2066\u2028\u2029\x85",
    "\x00\x08\x7f\x9b31m\ufffe\uffff\ud800",
    "<script>alert(1)</script><img src=x onerror=y><!--",
    "]]><x/>&lt;b&gt;&amp;&#27;",
    "![a](https://evil.example/a.png) [b](javascript:c) <https://evil.example>",
    "https://evil.example/?q=1 www.evil.example a@evil.example @octocat",
    "see #1, GH-1, a/b#2 and 0123456789abcdef, :octocat:",
    "| a | b |\n|---|---|\n| \\| <img src=x> `` ` ``` |",
    "`</code>\\`<img src=x>`\\| a",
    *("- a", "+ a", "1. a", "2) a", "    a", "=== a", "--- "),
    "# heading\n\n> quote\n\n```\nfence",
)
# All of them in one text that begins with a command.
HOSTILE = "::error::" + "\n".join(ATTACKS)

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff"
    "\ud800-\udfff]"
)


def obeyed(text: str, commands: Collection[str] = ()) -> list[str]:
    """
    Return what a terminal or the log of a CI system would obey in *text*.

    Lines end with a line feed; a tab is harmless. *commands* of GitHub Actions with a
    title and nothing else (`::error title=…::`) are left out.
    """
    found = _CONTROL.findall(text)
    own = re.compile(f"::(?:{'|'.join(commands)}) title=[^:,]*::.*")
    for line in text.split("\n"):
        if line.strip().startswith("::") and not (commands and own.fullmatch(line)):
            found.append(line)
        found += re.findall(r"##\w*\[.*", line)
        if line.startswith("HELD: "):
            found.append(line)
    return found


def poisoned(value: Any, text: str, keep: frozenset[str] = frozenset()) -> Any:
    """
    Return *value* with *text* in place of every text in its fields.

    Dataclasses and tuples are entered; the fields in *keep* stay.
    """
    if type(value) is str:
        return text
    if isinstance(value, tuple):
        return tuple(poisoned(item, text, keep) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in fields(value) if f.init and f.name not in keep]
        return replace(
            value, **{n: poisoned(getattr(value, n), text, keep) for n in names}
        )
    return value
