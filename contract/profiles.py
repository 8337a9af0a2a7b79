"""The profiles that come with the package, by id or alias."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from contract import catalog, profile
from contract.dialects.base import ALIASES, Dialect
from contract.profile import Profile


@cache
def builtin() -> Mapping[str, Profile]:
    """Every built-in profile, by id."""
    text = resources.files("contract").joinpath("profiles.toml").read_text("utf-8")
    return profile.parse(text, catalog.find("dialects", Dialect))


def named(name: str, more: Mapping[str, Profile] | None = None) -> Profile:
    """
    The profile of that id or alias; `UsageError` with the nearest names otherwise.

    *more* are the user's own profiles; they come before the built-in ones.
    """
    known = {**builtin(), **(more or {})}
    return catalog.get(
        "profile", name if name in known else ALIASES.get(name, name), known
    )
