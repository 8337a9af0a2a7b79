"""Headers of safetensors files: names, types and sizes of tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path

from contract.errors import UsageError

_LONGEST = 100_000_000  # bytes of a header, the limit of the format itself
_LENGTH = 8  # bytes
BITS = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL"), 8),
    "F4": 4,
}
FLOATS = {"F64", "F32", "F16", "BF16"}


@dataclass(frozen=True)
class Stored:
    """A tensor in a file: its type by the name in the header, and its sizes."""

    type: str
    shape: tuple[int, ...]

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its bytes in the file."""
        return self.numbers * BITS[self.type] // 8


def read_header(path: Path) -> dict[str, Stored]:
    """
    Return the tensors of a safetensors file by name.

    Raises:
        UsageError: The file cannot be read, is no safetensors file, or is cut off.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH), "little")
            if size < _LENGTH or not 0 < length <= _LONGEST:
                raise _no_header(path)
            if length > size - _LENGTH:
                raise _cut_off(path)
            text = file.read(length)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}."
        ) from error
    try:
        entries = json.loads(text)
        found = {
            name: Stored(entry["dtype"], tuple(map(int, entry["shape"])))
            for name, entry in entries.items()
            if name != "__metadata__"
        }
        ends = [e["data_offsets"][1] for n, e in entries.items() if n in found]
        end = max(map(int, ends), default=0)
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        RecursionError,
    ):
        raise _no_header(path) from None
    unknown = {one.type for one in found.values()} - BITS.keys()
    if unknown or any(size < 0 for one in found.values() for size in one.shape):
        kind = min(map(str, unknown), default="a negative size")
        raise UsageError(
            f"{path} has tensors of the unknown type {kind[:40]}; update "
            "magistral-contract."
        )
    if end > size - _LENGTH - length:
        raise _cut_off(path)
    return found


def _no_header(path: Path) -> UsageError:
    return UsageError(
        f"{path} is no safetensors file: its header cannot be read; download it again."
    )


def _cut_off(path: Path) -> UsageError:
    return UsageError(
        f"{path} is cut off: its header states more bytes than it has; download it "
        "again, or wait until the download is complete."
    )
