"""Compute buffers that llama.cpp b11549 printed for models of these sizes, in MiB."""

import pytest

from contract.memory.buffers import compute_buffer
from contract.memory.shape import Shape


@pytest.mark.parametrize(
    ("sizes", "window", "printed"),
    [
        ((2, 1024, 4096, 8, 2, 128, 32768), 2048, 36.02),
        ((2, 1024, 8192, 8, 2, 128, 32768), 2048, 60.02),
        ((1, 1024, 4096, 8, 2, 128, 32768), 2048, 14.02),
        ((2, 2048, 4096, 8, 2, 128, 32768), 2048, 46.02),
        ((2, 1024, 256, 32, 8, 128, 32768), 2048, 28.02),
        ((1, 192, 320, 2, 1, 64, 32768), 131072, 130.14),
        ((40, 5120, 32768, 32, 8, 128, 131072), 4096, 246.02),
    ],
)
def test_buffer_is_the_printed_one(sizes, window, printed):
    shape = Shape(*sizes, window=131_072)

    assert pytest.approx(printed, rel=0.005) == compute_buffer(shape, window, 1) / 2**20
