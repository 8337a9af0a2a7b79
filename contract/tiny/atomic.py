"""A file that is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.errors import UsageError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """
    Where to write what shall become *path* when the block is left without error.

    A device, a pipe or a folder is not replaced: `UsageError`.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no regular file; name another one.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
