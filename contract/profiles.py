"""The profiles that come with the package, by id or alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from contract import catalog, profile
from contract.dialects.base import ALIASES, Dialect
from contract.profile import Profile


@cache
def builtin() -> Mapping[str, Profile]:
    """Every built-in profile, by id."""
    text = resources.files("contract").joinpath("profiles.toml").read_text("utf-8")
    found = profile.parse(text, catalog.find("dialects", Dialect))
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
    short = {alias: own[full] for alias, full in ALIASES.items() if full in own}
    return catalog.get(what, name, {**short, **own})
