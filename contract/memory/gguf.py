"""
Headers of GGUF files: metadata and the sizes of tensors, and never the weights.

The package `gguf` makes an object of each string of the vocabulary: for Tekken it takes
ten seconds and 500 MB, and it believes each count in a damaged file. This reader skips
lists and stops at the end of the file and at its own bounds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO

from contract.errors import UsageError
from contract.memory.ggml import TYPES

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _LIST = 8, 9
_FORMATS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
# Far more than any model has: Tekken has 131,072 tokens and 269,443 merges.
_MOST_PAIRS, _MOST_TENSORS = 10_000, 100_000
_LONGEST_NAME, _LONGEST_LIST = 65_536, 10_000_000
_KEPT = 2_048  # numbers of a list that are kept, one for each layer
_ALIGNMENT = 32


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file: its *shape* begins with the length of a row."""

    name: str
    type: str
    shape: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class Header:
    """
    What a GGUF file says of itself before its weights begin.

    Of a list, *values* has the length if it holds strings or many numbers.
    """

    path: Path
    values: dict[str, object]
    tensors: tuple[Tensor, ...]
    missing: int  # bytes of tensors behind the end of the file

    def integer(self, key: str, default: int | None = None) -> int:
        """Return a whole number; `UsageError` if there is none and no *default*."""
        value = self.values.get(key, default)
        if isinstance(value, tuple) and value:
            if len(set(value)) != 1:
                raise UsageError(
                    f"{self.path} has different values of {key} in its layers, which "
                    "fit cannot add up; name a dense model whose layers are alike."
                )
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise UsageError(
                f"{self.path} has no {key}; name a GGUF file of a language model."
            )
        return value


def read_header(path: Path) -> Header:
    """
    Return the header of a GGUF file.

    Raises:
        UsageError: The file cannot be read, is no GGUF file, is cut off, or states
            numbers that no model has.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _Reader(path, file, size).header()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}; name a GGUF file."
        ) from error


class _Reader:
    def __init__(self, path: Path, file: IO[bytes], size: int) -> None:
        self._path, self._file, self._left = path, file, size
        self._size = size

    def header(self) -> Header:
        if self._size < len(_MAGIC) or self._bytes(len(_MAGIC)) != _MAGIC:
            raise UsageError(
                f"{self._path} is no GGUF file; name one, or a folder of safetensors "
                "files with --model-dir."
            )
        version = self._number("I")
        if version not in _VERSIONS:
            raise UsageError(
                f"{self._path} has GGUF version {version}, which is not one of "
                f"{', '.join(map(str, _VERSIONS))}; convert it anew (big-endian files "
                "are not supported)."
            )
        tensors = self._count("tensors", "Q", _MOST_TENSORS)
        pairs = self._count("metadata keys", "Q", _MOST_PAIRS)
        values = {self._string(): self._value(self._number("I")) for _ in range(pairs)}
        listed = [self._tensor() for _ in range(tensors)]
        stored = values.get("general.alignment", _ALIGNMENT)
        alignment = stored if isinstance(stored, int) and stored > 0 else _ALIGNMENT
        start = _padded(self._size - self._left, alignment)
        end = max((offset + one.bytes for one, offset in listed), default=0) + start
        return Header(
            self._path,
            values,
            tuple(one for one, _ in listed),
            max(end - self._size, 0),
        )

    def _tensor(self) -> tuple[Tensor, int]:
        name = self._string()
        sizes = [self._number("Q") for _ in range(self._count("dimensions", "I", 8))]
        number, offset = self._number("I"), self._number("Q")
        kind = TYPES.get(number)
        if kind is None:
            raise UsageError(
                f"{self._path}: the tensor {name[:60]!r} has the unknown type "
                f"{number}; update magistral-contract, or convert the file."
            )
        if prod(sizes) >= 2**48 or offset >= 2**62 or 0 in sizes:
            raise self._absurd(f"a tensor of {' x '.join(map(str, sizes))}")
        shape = tuple(sizes)
        return Tensor(name, kind.name, shape, kind.bytes(shape)), offset

    def _value(self, kind: int) -> object:
        if kind == _STRING:
            return self._string()
        if kind == _LIST:
            return self._list()
        return self._number(self._format(kind))

    def _list(self) -> object:
        kind = self._number("I")
        count = self._count("entries of a list", "Q", _LONGEST_LIST)
        if kind == _STRING:
            for _ in range(count):
                self._skip(self._number("Q"))
            return count
        if kind == _LIST:
            raise self._absurd("a list of lists")
        form = self._format(kind)
        size = struct.calcsize(f"<{form}")
        if count > _KEPT:
            self._skip(count * size)
            return count
        return struct.unpack(f"<{count}{form}", self._bytes(count * size))

    def _format(self, kind: int) -> str:
        if kind not in _FORMATS:
            raise self._absurd(f"a value of the unknown type {kind}")
        return _FORMATS[kind]

    def _string(self) -> str:
        length = self._number("Q")
        # A chat template may be long, a name may not.
        if length > _LONGEST_NAME:
            self._skip(length)
            return ""
        return self._bytes(length).decode("utf-8", "replace")

    def _count(self, what: str, form: str, most: int) -> int:
        count = self._number(form)
        if count > most:
            raise self._absurd(f"{count} {what}")
        return count

    def _number(self, form: str) -> int:
        number: int
        (number,) = struct.unpack(f"<{form}", self._bytes(struct.calcsize(f"<{form}")))
        return number

    def _bytes(self, count: int) -> bytes:
        if count > self._left:
            raise self._cut_off()
        self._left -= count
        read = self._file.read(count)
        if len(read) != count:
            raise self._cut_off()
        return read

    def _skip(self, count: int) -> None:
        if count > self._left:
            raise self._cut_off()
        self._left -= count
        self._file.seek(count, 1)

    def _cut_off(self) -> UsageError:
        return UsageError(
            f"{self._path} ends within its header; download it again, or wait until "
            "the download is complete."
        )

    def _absurd(self, what: str) -> UsageError:
        return UsageError(
            f"{self._path} is damaged: its header states {what}; download it again."
        )


def _padded(number: int, alignment: int) -> int:
    return -(-number // alignment) * alignment
