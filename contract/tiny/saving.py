"""Tensors as a safetensors file; a full disk is an `OSError`, as elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file


def save(
    tensors: Mapping[str, NDArray[np.generic]],
    path: Path,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write *tensors* to *path*; `OSError` when the file cannot be written."""
    given: dict[str, Any] = dict(tensors)
    try:
        save_file(given, path, dict(metadata) if metadata else None)
    except SafetensorError as error:
        raise OSError(str(error)) from error
