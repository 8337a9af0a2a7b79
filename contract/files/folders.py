"""Folders that are written whole: a reader finds all of the files or none."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from contract.files.replacing import sync_folder, write_synced

SUFFIX = ".part"


class Occupied(OSError):  # noqa: N818  # a state of affairs, not an error
    """Raised where a file that is to be kept is in the way of a new one."""


def write_folder(
    folder: Path, files: Mapping[str, bytes], *, replaced: Collection[str] = ()
) -> None:
    """
    Write *files* by their path relative to *folder*, all of them or none.

    They are written into a temporary folder beside it, which is renamed at the end.
    Where *folder* exists, the files named in *replaced* are removed and all others are
    kept; if one of those is in the way, `Occupied` is raised. Raises `OSError`, and
    *folder* is what it was.

    Usage: `write_folder(Path("out"), {"a/b.json": b"{}"})`.
    """
    folder = folder.resolve()
    kept = sorted(set(_names(folder)) - set(replaced))
    taken = set(files) | {
        str(parent) for path in files for parent in PurePosixPath(path).parents
    }
    for name in kept:
        parents = {str(parent) for parent in PurePosixPath(name).parents}
        if name in taken or parents & set(files):
            raise Occupied(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    part = folder.with_name(f".{folder.name[:64]}.{mark}{SUFFIX}")
    old = folder.with_name(f".{folder.name[:64]}.{mark}.old")
    try:
        for path, data in files.items():
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            write_synced(part / path, data)
        part.mkdir(exist_ok=True)
        if folder.exists():
            part.chmod(folder.stat().st_mode & 0o7777)
            _exchange(folder, part, old, kept)
        else:
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    sync_folder(folder.parent)


def _exchange(folder: Path, part: Path, old: Path, kept: list[str]) -> None:
    """Put *part* in the place of *folder*, with the files that are *kept*."""
    folder.rename(old)
    moved: list[str] = []
    try:
        for name in kept:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (old / name).rename(part / name)
            moved.append(name)
        part.rename(folder)
    except BaseException:
        for name in moved:
            with contextlib.suppress(OSError):
                (part / name).rename(old / name)
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _names(folder: Path) -> Iterator[str]:
    """Yield the relative paths of everything in *folder* but folders with content."""
    if not folder.is_dir():
        return
    for path in folder.rglob("*"):
        directory = path.is_dir() and not path.is_symlink()
        if not directory or not any(path.iterdir()):
            yield path.relative_to(folder).as_posix()
