"""The models of Mistral's hosted API of October 2026, read from its profile."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from contract.model.provider import PROFILES
from contract.model.served_model import ServedModel, find_model, parse_models

PROFILE = "mistral-2026-10"


@cache
def served() -> Mapping[str, ServedModel]:
    """Return the models of the profile by id; that of the profile comes first."""
    text = resources.files(__package__).joinpath(PROFILES).read_text("utf-8")
    return parse_models(PROFILE, tomllib.loads(text)[PROFILE]["models"])


@cache
def model_named(name: str | None) -> ServedModel:
    """
    Return the model that answers under *name*, which may be a retired id.

    Any other name, as that of a mock, stands for the first model.
    """
    return find_model(served().values(), name) or next(iter(served().values()))


def listed() -> tuple[str, ...]:
    """Return the ids in the model list, each canonical one before its aliases."""
    return tuple(name for model in served().values() for name in model.names)
