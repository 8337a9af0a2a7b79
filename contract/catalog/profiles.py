"""The profiles of all installed providers, by id or alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from contract.catalog.providers import (
    aliases,
    dialects,
    providers,
)
from contract.model import profile
from contract.model.profile import Profile
from contract.plugins.discovery import get


@cache
def builtin() -> Mapping[str, Profile]:
    """Every profile that a provider brings along, by id."""
    found: dict[str, Profile] = {}
    for provider in providers().values():
        found.update(profile.parse(provider.profiles, dialects(), found))
    return {
        name: replace(each, shipped=frozenset(each.waivers))
        for name, each in found.items()
    }


def named(
    name: str, more: Mapping[str, Profile] | None = None, *, what: str = "profile"
) -> Profile:
    """
    The profile of that id or alias; `UsageError` with the nearest names otherwise.

    *more* are the user's own profiles; they come before the built-in ones. *what*
    is what the user was asked for.
    """
    own = {**builtin(), **(more or {})}
    short = {alias: own[full] for alias, full in aliases().items() if full in own}
    return get(what, name, {**short, **own})
