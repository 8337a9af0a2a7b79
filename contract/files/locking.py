"""A lock between processes that write to one folder."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PAUSE = 0.05  # seconds between attempts
_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})


@contextlib.contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """
    Hold the lock file *path* within the context; the file is removed at the end.

    The system releases the lock of a process that was killed. A file system without
    locks gets none. Raises `TimeoutError` if another process holds it for *patience*
    seconds, and `OSError` if the file cannot be made.

    Usage: `with locked(folder / ".saving.lock", 60.0): …`.
    """
    deadline = time.monotonic() + patience
    number = _acquired(path, deadline)
    try:
        yield
    finally:
        try:
            # Removed while it is held: no other process has acquired the removed file.
            with contextlib.suppress(OSError):
                path.unlink()
        finally:
            os.close(number)


def _acquired(path: Path, deadline: float) -> int:
    """Return the descriptor of *path*, locked; another holder may remove the file."""
    while True:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(number, deadline)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(number), path.stat()):
                    return number
        except BaseException:
            os.close(number)
            raise
        os.close(number)


def _lock(number: int, deadline: float) -> None:
    while True:
        try:
            _try_lock(number)
        except OSError as error:
            if error.errno not in _HELD:
                return  # the file system has no locks
            if time.monotonic() > deadline:
                raise TimeoutError(
                    errno.ETIMEDOUT, "another process holds it"
                ) from None
            time.sleep(_PAUSE)
        else:
            return


if sys.platform == "win32":
    import msvcrt

    def _try_lock(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
