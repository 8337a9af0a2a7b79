"""A server's flags as its target sets them, with more of one's own, or without some."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from contract.errors import UsageError

MARK = "--"


def changed(
    defaults: tuple[str, ...],
    *,
    flags: str = "",
    without: str = "",
    ours: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """
    *defaults* less those that *without* names, and then *flags*, as a shell reads them.

    The flags come last, since of a flag that is given twice the last one counts.
    *without* is a list of names, with blanks or commas between them. *ours* are the
    flags that the target itself must know, each with what to do instead. Raises
    `UsageError` with what to write.
    """
    kept = list(defaults)
    for name in _words("without", without.replace(",", " ")):
        kept = _less(kept, name)
    added = _words("flags", flags)
    for word in added:
        name = word.partition("=")[0]
        if name in (ours or {}):
            raise UsageError(f"{name} is the target's own; {(ours or {})[name]}.")
    return (*kept, *added)


def _less(flags: list[str], name: str) -> list[str]:
    """*flags* without *name* and its values."""
    if name not in flags or not name.startswith(MARK):
        known = ", ".join(flag for flag in flags if flag.startswith(MARK))
        raise UsageError(
            f"?without= names no flag that is set, {name!r}. Set: {known}."
        )
    start = flags.index(name)
    end = start + 1
    while end < len(flags) and not flags[end].startswith(MARK):
        end += 1
    return flags[:start] + flags[end:]


def _words(option: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(
            f"?{option}= cannot be read ({error}); quote it as in a shell."
        ) from None
