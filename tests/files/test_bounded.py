"""Files are read up to a size, whatever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.files.bounded import read_bounded


def test_a_file_up_to_the_size_is_read(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"x" * 2**20)

    assert read_bounded(file, 2**20) == b"x" * 2**20


def test_a_larger_file_is_refused_with_a_clause(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"x" * (2**20 + 1))

    with pytest.raises(OSError, match="it is larger than 1 MiB") as caught:
        read_bounded(file, 2**20)
    assert caught.value.strerror == "it is larger than 1 MiB"


def test_a_device_without_an_end_is_refused():
    zero = Path("/dev/zero")
    if not zero.exists():
        pytest.skip("this system has no such device")

    with pytest.raises(OSError, match="larger than"):
        read_bounded(zero, 2**20)
