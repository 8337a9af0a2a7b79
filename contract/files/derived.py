"""Values computed from a source file, cached as Python caches its byte code."""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from contract._version import __version__

T = TypeVar("T")


def derived(source: Path, module: str, make: Callable[[], T]) -> T:
    """
    The value that *make* computes from the file *source*, from the cache if possible.

    The value consists of what `marshal` can write: dicts, lists, tuples, text, bytes,
    numbers. It is kept in the `__pycache__` of *module* (a module's `__file__`) and
    computed again when the source, the package or Python changes. As with byte code,
    `PYTHONDONTWRITEBYTECODE` and `PYTHONPYCACHEPREFIX` apply, and a directory that
    cannot be written costs only the time. Raises what *make* raises.
    """
    path = _place(module, source.name)
    key = _key(source)
    if key is None:
        return make()
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
        found = marshal.loads(path.read_bytes())  # noqa: S302  # as trusted as byte code
        if isinstance(found, tuple) and found[0] == key:
            return cast("T", found[1])
    value = make()
    if not sys.dont_write_bytecode:
        with contextlib.suppress(OSError, ValueError):
            _write(path, marshal.dumps((key, cast("Any", value))))
    return value


def _place(module: str, name: str) -> Path:
    compiled = Path(importlib.util.cache_from_source(module))
    return compiled.with_name(f"{name}.{sys.implementation.cache_tag}.marshal")


def _key(source: Path) -> tuple[str, int, int] | None:
    """What the value depends on; None when there is no such file."""
    try:
        found = source.stat()
    except OSError:
        return None
    return f"{__version__} {sys.version}", found.st_mtime_ns, found.st_size


def _write(path: Path, data: bytes) -> None:
    """Write *data* beside *path* and rename it, so that readers see all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
