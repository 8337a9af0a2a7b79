"""Flags of a server: the defaults of a target with additions and omissions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from contract.errors import UsageError

PREFIX = "--"


def merge_flags(
    defaults: tuple[str, ...],
    *,
    flags: str = "",
    without: str = "",
    reserved: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """
    Return the *defaults* without the omitted flags, followed by the additional ones.

    Additional flags come last, because the last occurrence of a flag takes effect.

    Args:
        defaults: Flags and values as a list of arguments.
        flags: Additional flags, quoted as in a shell.
        without: Names of defaults to omit, separated by spaces or commas.
        reserved: Flags that only the target sets, each with what to do instead.

    Raises:
        UsageError: The text cannot be parsed, a flag to omit is not set, or an
            additional flag is reserved.
    """
    kept = list(defaults)
    for name in _split("without", without.replace(",", " ")):
        kept = _omit(kept, name)
    added = _split("flags", flags)
    for argument in added:
        name = argument.partition("=")[0]
        if name in (reserved or {}):
            raise UsageError(f"{name} is set by the target; {(reserved or {})[name]}.")
    return (*kept, *added)


def _omit(flags: list[str], name: str) -> list[str]:
    """Return *flags* without *name* and its values."""
    if name not in flags or not name.startswith(PREFIX):
        known = ", ".join(flag for flag in flags if flag.startswith(PREFIX))
        raise UsageError(f"?without={name!r} is not a default flag. Set: {known}.")
    start = flags.index(name)
    end = start + 1
    while end < len(flags) and not flags[end].startswith(PREFIX):
        end += 1
    return flags[:start] + flags[end:]


def _split(option: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(
            f"?{option}= cannot be parsed ({error}); quote it as in a shell."
        ) from None
