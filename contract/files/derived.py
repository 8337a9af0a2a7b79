"""Values computed from a source file, cached as Python caches its byte code."""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from contract._version import __version__

T = TypeVar("T")


def derived(
    source: Path | Sequence[Path], module: str, make: Callable[[], T], name: str = ""
) -> T:
    """
    The value that *make* computes from the file *source*, from the cache if possible.

    *source* may be several files; *name* is then that of the cache.

    The value consists of what `marshal` can write: dicts, lists, tuples, text, bytes,
    numbers. It is kept in the `__pycache__` of *module* (the `__file__` of the module
    that computes it) and computed again when the source, that module, the package or
    Python changes. As with byte code,
    `PYTHONDONTWRITEBYTECODE` and `PYTHONPYCACHEPREFIX` apply, and a directory that
    cannot be written costs only the time. Raises what *make* raises.
    """
    sources = (source,) if isinstance(source, Path) else source
    path = _place(module, name or sources[0].name)
    key = _key(*sources, Path(module))
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


def _key(*files: Path) -> tuple[str | int, ...] | None:
    """What the value depends on; None when one of *files* does not exist."""
    key: list[str | int] = [__version__, sys.version]
    for path in files:
        try:
            found = path.stat()
        except OSError:
            return None
        key += [found.st_mtime_ns, found.st_size]
    return tuple(key)


def _write(path: Path, data: bytes) -> None:
    """Write *data* beside *path* and rename it, so that readers see all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
