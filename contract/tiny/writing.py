"""Writers of tiny models, whose libraries are an optional extra."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir

from contract.errors import TargetError, UsageError

DISK_SPACE = "200 MB"


def writer(engine: str) -> Callable[..., None]:
    """Return `write` of the module for *engine*; `UsageError` without the extra."""
    try:
        write: Callable[..., None] = import_module(f"contract.tiny.{engine}").write
    except ImportError as error:
        raise UsageError(
            f"The tiny models need {error.name}; run python -m pip install "
            "-e '.[tiny]' in the cloned repository."
        ) from error
    return write


def temporary_model(engine: str, *places: Path, **options: object) -> None:
    """
    Write the model for one run; `TargetError` if the disk is full.

    *places* and *options* are the arguments of the writer.
    """
    write = writer(engine)
    try:
        write(*places, **options)
    except OSError as error:
        raise TargetError(
            f"The tiny model cannot be written to {gettempdir()} "
            f"({error.strerror or error}); set TMPDIR to a folder with {DISK_SPACE} of "
            "free space."
        ) from error
