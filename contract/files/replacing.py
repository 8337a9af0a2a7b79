"""Files that are replaced whole: a reader finds the old content or the new."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from pathlib import Path

SUFFIX = ".part"
# Errors of folders and mounts in which a file can be written but not be replaced.
_NO_REPLACEMENT = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS),
        *(errno.EBUSY, errno.EXDEV, errno.ENAMETOOLONG),
    }
)
_STALE = 3_600.0  # seconds after which a part was left behind by a killed process


def replace_file(path: Path, data: bytes) -> None:
    """
    Write *data* to *path*: beside it first, then renamed, once it is on the disk.

    A link is followed; the permissions of an existing file are kept. A device or pipe
    is written to directly, as is a file in a folder that does not permit new files or
    that is mounted by itself. Raises `OSError`, and the old content is still there.

    Usage: `replace_file(Path("report.json"), text.encode())`.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    _remove_stale(path)
    part = path.with_name(f".{path.name[:64]}.{secrets.token_hex(4)}{SUFFIX}")
    try:
        try:
            write_synced(part, data)
            with contextlib.suppress(FileNotFoundError):
                part.chmod(stat.S_IMODE(path.stat().st_mode))
            part.replace(path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in _NO_REPLACEMENT or not path.is_file():
            raise
        path.write_bytes(data)
        return
    sync_folder(path.parent)


def write_synced(path: Path, data: bytes) -> None:
    """Write *data* to *path*, and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in *folder* are on the disk, where the system can do so."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _remove_stale(path: Path) -> None:
    """Remove what a process that was killed while it wrote *path* left behind."""
    beginning = f".{path.name[:64]}."
    with contextlib.suppress(OSError):
        for other in path.parent.iterdir():
            if (
                other.name.startswith(beginning)
                and other.name.endswith(SUFFIX)
                and time.time() - other.stat().st_mtime > _STALE
            ):
                other.unlink()
