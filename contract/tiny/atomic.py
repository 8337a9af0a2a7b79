"""Atomic writes: a file is complete or missing, even if writing is interrupted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.errors import UsageError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """
    Yield a path for the content, which replaces *path* after a block without errors.

    Raises `UsageError` if *path* is a device, a pipe or a folder.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a regular file; name another one.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
