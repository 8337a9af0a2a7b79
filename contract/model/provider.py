"""A provider: the dialects, fingerprint and profiles that one folder defines."""

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
    """What a server has answered so far; each path is requested once, when needed."""

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
        """The answer to GET *path*."""

    def member(self, path: str, name: str) -> Json:
        """One member of the JSON object at *path*; None when there is none."""


@dataclass(frozen=True, slots=True)
class Match:
    """The profile a server was recognised as, and the evidence in words."""

    profile: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """How a provider's servers are told from others."""

    # The match, or None when the evidence does not fit.
    recognise: Callable[[Evidence], Match | None]
    # Fingerprints are tried in ascending order: certain ones first, and those that
    # need further requests or fit several servers last.
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """
    Everything that is known about one provider; see `define`.

    A third party publishes one through the entry point group `contract.providers`.
    """

    id: str
    dialects: tuple[Dialect, ...]
    # None only where a folder is incomplete; it is then refused at load.
    fingerprint: Fingerprint | None
    # The profiles in TOML, one table each.
    profiles: str
    # Short names of profiles, such as `vllm` for the latest one.
    aliases: Mapping[str, str] = field(default_factory=dict)
    # YAML with the schemas that `openapi.yaml` does not have, by name.
    schemas: str = ""


def define(
    package: str,
    *,
    dialects: tuple[Dialect, ...],
    fingerprint: Fingerprint | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Provider:
    """
    The provider whose folder is the Python package *package*.

    `profiles.toml` and, for a provider that `openapi.yaml` does not describe,
    `schemas.yaml` are read from that folder. The provider's id is the folder's name.
    Whether all parts are there is checked when the provider is loaded
    (`contract.catalog.providers`), so that one message names all that is missing.

    Usage, in the `__init__.py` of the folder::

        PROVIDER = define(__name__, dialects=(ACME,), fingerprint=FINGERPRINT)

    Raises `SpecError` if the package has no files to read.
    """
    try:
        folder = resources.files(package)
    except (ModuleNotFoundError, TypeError) as error:
        raise SpecError(f"The provider {package} is not a folder: {error}.") from error

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
