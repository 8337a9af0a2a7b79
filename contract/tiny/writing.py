"""What writes a tiny model; the libraries for that are an extra."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir

from contract.errors import (
    TargetError,
    UsageError,
)

DISK_SPACE = "200 MB"


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


def temporary_model(engine: str, *places: Path, **options: object) -> None:
    """Write the model for one run; `TargetError` when the disk has no room for it."""
    write = writer(engine)
    try:
        write(*places, **options)
    except OSError as error:
        raise TargetError(
            f"The tiny model cannot be written to {gettempdir()} "
            f"({error.strerror or error}); set TMPDIR to a folder with {DISK_SPACE} to spare."
        ) from error
