"""Profiles of all installed providers, by id or alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from contract.catalog.providers import aliases, profiles
from contract.model.profile import Profile
from contract.plugins.discovery import get


@cache
def builtin() -> Mapping[str, Profile]:
    """Return the profiles of all installed providers, by id."""
    return {
        name: replace(each, shipped=frozenset(each.waivers))
        for name, each in profiles().items()
    }


def named(
    name: str, more: Mapping[str, Profile] | None = None, *, what: str = "profile"
) -> Profile:
    """
    Return the profile with that id or alias.

    *more* are the user's own profiles by id, which take precedence over the built-in
    ones. *what* is the kind of name as the error message calls it. Raises
    `UsageError` with similar names when *name* is unknown.
    """
    known = {**builtin(), **(more or {})}
    short = {alias: known[full] for alias, full in aliases().items() if full in known}
    return get(what, name, {**short, **known})
