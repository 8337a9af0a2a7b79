"""Safetensors files, with `OSError` for a full disk as for other files."""

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
    """
    Write a safetensors file; raises `OSError` if that fails.

    Args:
        tensors: Arrays by name.
        path: The file.
        metadata: Strings for the header of the file.
    """
    arrays: dict[str, Any] = dict(tensors)
    try:
        save_file(arrays, path, dict(metadata) if metadata else None)
    except SafetensorError as error:
        raise OSError(str(error)) from error
