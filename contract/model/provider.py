"""Providers: the dialects, fingerprint and profiles that one folder defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Protocol

from contract.errors import SpecError
from contract.model.chat import Json
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange

PROFILES = "profiles.toml"
SCHEMAS = "schemas.yaml"


class Evidence(Protocol):
    """The answers of a server; each path is requested once, when it is needed."""

    @property
    def models(self) -> Exchange:
        """The answer to GET /v1/models."""

    @property
    def cards(self) -> tuple[dict[str, Json], ...]:
        """The model cards of the list."""

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the model cards."""

    @property
    def owners(self) -> tuple[str, ...]:
        """The distinct `owned_by` of the model cards."""

    def get(self, path: str) -> Exchange:
        """Return the answer to GET *path*."""

    def member(self, path: str, name: str) -> Json:
        """Return one member of the JSON object at *path*, or None."""


@dataclass(frozen=True, slots=True)
class Match:
    """The profile that a server was recognised as, and the evidence."""

    # Id of the profile.
    profile: str
    # The evidence as a clause for the report.
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The way to recognise the servers of a provider."""

    # Returns the match, or None when the evidence does not fit.
    recognise: Callable[[Evidence], Match | None]
    # Fingerprints are tried in ascending order: certain ones first, and those that
    # need further requests or fit several servers last.
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """
    Everything that is known about one provider; made by `define`.

    A third party publishes one through the entry point group `contract.providers`.
    """

    # Name of the folder.
    id: str
    # Its wire formats, one for each set of releases.
    dialects: tuple[Dialect, ...]
    # None only in an incomplete provider, which is rejected when it is loaded.
    fingerprint: Fingerprint | None
    # Text of a TOML file with one table per profile.
    profiles: str
    # Short name -> profile id, such as "vllm" for the latest one.
    aliases: Mapping[str, str] = field(default_factory=dict)
    # Text of a YAML file that maps names to the schemas missing in `openapi.yaml`.
    schemas: str = ""


def define(
    package: str,
    *,
    dialects: tuple[Dialect, ...],
    fingerprint: Fingerprint | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Provider:
    """
    Return the provider whose folder is the Python package *package*.

    `profiles.toml` and, for a provider that `openapi.yaml` does not describe,
    `schemas.yaml` are read from that folder. The provider's id is the folder's name.
    Completeness is checked when the provider is loaded (`contract.catalog.providers`),
    so that one message names every missing part.

    Usage, normally with `__name__` in the `__init__.py` of the folder::

        >>> from contract.model.provider import define
        >>> from contract.providers.inline.dialect import INLINE
        >>> from contract.providers.inline.fingerprint import FINGERPRINT
        >>> provider = define(
        ...     "contract.providers.inline", dialects=(INLINE,), fingerprint=FINGERPRINT
        ... )
        >>> provider.id, "[inline]" in provider.profiles
        ('inline', True)

    Args:
        package: the dotted name of the package.
        dialects: the wire formats, one for each set of releases.
        fingerprint: the way to recognise its servers.
        aliases: short names of profiles, and the profile ids they stand for.

    Raises:
        SpecError: when the package does not exist or has no folder of files.

    """
    try:
        folder = resources.files(package)
    except (ModuleNotFoundError, TypeError) as error:
        raise SpecError(
            f"The provider {package} is not a package with files: {error}."
        ) from error

    def text(name: str) -> str:
        path = folder.joinpath(name)
        return path.read_text("utf-8") if path.is_file() else ""

    return Provider(
        id=package.rpartition(".")[2],
        dialects=dialects,
        fingerprint=fingerprint,
        profiles=text(PROFILES),
        aliases=dict(aliases or {}),
        schemas=text(SCHEMAS),
    )
