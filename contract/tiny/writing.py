"""What writes a tiny model; the libraries for that are an extra."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from contract.errors import UsageError


def writer(engine: str) -> Callable[..., None]:
    """`write` of the module for *engine*; `UsageError` says which extra is missing."""
    try:
        write: Callable[..., None] = import_module(f"contract.tiny.{engine}").write
    except ImportError as error:
        raise UsageError(
            f"The tiny models need {error.name}; run python -m pip install "
            "-e '.[tiny]' where it was cloned."
        ) from error
    return write
