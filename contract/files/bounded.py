"""Reading of files that others wrote, up to a size."""

from __future__ import annotations

import errno
from pathlib import Path

# In bytes: a response of the largest size, every byte of it escaped in JSON.
MOST_RECORDED = 512 * 2**20
MOST_CONFIGURED = 16 * 2**20  # bytes of a file that a person wrote


def read_bounded(path: Path, most: int) -> bytes:
    """
    Return the content of the file at *path*, which has at most *most* bytes.

    It also ends for a device that never does. Raises `OSError`, whose `strerror` is a
    clause for a message, if the file is larger or cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most // 2**20} MiB", str(path))
    return content
