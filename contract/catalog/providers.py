"""Installed providers, checked for completeness; their dialects and fingerprints."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

from contract.errors import SpecError
from contract.model import profile
from contract.model.dialect import Dialect
from contract.model.profile import Profile
from contract.model.provider import PROFILES, SCHEMAS, Fingerprint, Provider
from contract.plugins.discovery import find, plugins
from contract.schema import openapi


@cache
def providers() -> Mapping[str, Provider]:
    """
    Return every provider by id: the built-in ones first, then those of plug-ins.

    Raises `SpecError` that names every missing part of an incomplete provider.
    """
    return _loaded()[0]


@cache
def profiles() -> Mapping[str, Profile]:
    """Return the profiles of all providers, by id."""
    return _loaded()[1]


@cache
def _loaded() -> tuple[Mapping[str, Provider], Mapping[str, Profile]]:
    found = find("providers", Provider)
    foreign = set(plugins("providers", Provider))
    ordered = _bases_first(
        sorted(found, key=lambda name: (name in foreign, _order(found[name]))), found
    )
    known: dict[str, Profile] = {}
    dialects: dict[str, Dialect] = {}
    for name in ordered:
        provider = found[name]
        _ensure_unique(provider, dialects)
        dialects.update({each.id: each for each in provider.dialects})
        own = profile.parse(provider.profiles, dialects, known)
        if missing := [*_missing(provider, own)]:
            raise SpecError(
                f"The provider {name!r} is incomplete: {'; '.join(missing)}."
            )
        known.update(own)
    return {name: found[name] for name in ordered}, known


@cache
def dialects() -> Mapping[str, Dialect]:
    """Return the dialects of all providers, by id."""
    return {
        dialect.id: dialect
        for provider in providers().values()
        for dialect in provider.dialects
    }


@cache
def aliases() -> Mapping[str, str]:
    """Return the short names of profiles, and the profile id of each."""
    return {
        short: full
        for provider in providers().values()
        for short, full in provider.aliases.items()
    }


@cache
def fingerprints() -> tuple[Fingerprint, ...]:
    """Return the fingerprints of all providers, in the order in which to try them."""
    found = [p.fingerprint for p in providers().values() if p.fingerprint]
    return tuple(sorted(found, key=lambda fingerprint: fingerprint.order))


def _bases_first(names: list[str], found: Mapping[str, Provider]) -> list[str]:
    """Return *names* in order, but a provider after those whose profiles it extends."""
    tables = {name: _tables(found[name]) for name in names}
    owners = {id_: name for name in names for id_ in tables[name]}
    ordered: dict[str, None] = {}
    begun: set[str] = set()

    def add(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        for table in tables[name].values():
            like = table.get("like") if isinstance(table, dict) else None
            if isinstance(like, str) and like in owners:
                add(owners[like])
        ordered[name] = None

    for name in names:
        add(name)
    return list(ordered)


def _tables(provider: Provider) -> dict[str, object]:
    try:
        return tomllib.loads(provider.profiles)
    except tomllib.TOMLDecodeError:
        return {}  # `profile.parse` reports it


def _order(provider: Provider) -> int:
    return 0 if provider.fingerprint is None else provider.fingerprint.order


def _ensure_unique(provider: Provider, known: Mapping[str, Dialect]) -> None:
    for dialect in provider.dialects:
        if dialect.id in known:
            raise SpecError(
                f"The provider {provider.id!r} defines the dialect {dialect.id!r}, "
                "which another provider already defines; rename it."
            )


def _missing(provider: Provider, profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Yield a clause for each missing part of a provider."""
    if provider.fingerprint is None:
        yield "no fingerprint (pass fingerprint= to define)"
    if not provider.dialects:
        yield "no dialect (pass dialects= to define)"
    if not profiles:
        yield f"no profile (add {PROFILES} to its folder)"
    for dialect in provider.dialects:
        if dialect.rules is None:
            yield f"dialect {dialect.id} has no rules (set Dialect.rules)"
        if profiles and not any(p.dialect.id == dialect.id for p in profiles.values()):
            yield f"no profile uses the dialect {dialect.id}"
        if names := openapi.missing_schemas(dialect.prefix):
            yield (
                f"no schema {', '.join(names)} for the dialect {dialect.id} (define "
                f"them in openapi.yaml, or in {SCHEMAS} of its folder)"
            )
