"""What fits a machine."""

from functools import cache

import pytest

from contract.errors import UsageError
from contract.memory.fitting import (
    Machine,
    Wanted,
    llamacpp_cache,
    rows,
    share,
    vllm_tokens,
)
from contract.memory.published import DEFAULT, published
from contract.memory.shape import Shape
from contract.memory.size import GIB

SHAPE = published(DEFAULT).shape


def test_cache_of_a_whole_window_is_20_gib():
    assert 20 * GIB == llamacpp_cache(SHAPE, 131_072, 1, "f16")


def test_vllm_keeps_4194304_tokens_of_256_bytes_in_a_gib():
    """What vLLM 0.32 printed for the tiny model: one layer, one key head of 64."""
    tiny = Shape(1, 192, 320, 2, 1, 64, 131_072, 131_072)
    assert 4_194_304 == vllm_tokens(tiny, GIB, "f16")


@pytest.mark.parametrize(
    "memory", [24, *(pytest.param(gib, marks=pytest.mark.long) for gib in (8, 48, 80))]
)
@pytest.mark.parametrize("users", [1, 4])
def test_the_largest_window_fits_and_256_tokens_more_do_not(memory, users):
    machine = Machine(memory * GIB)

    @cache
    def fits(window):
        found = rows(SHAPE, machine, Wanted(window, users))
        return {(row.engine, row.format): row.fits for row in found}

    for row in rows(SHAPE, machine, Wanted(1, users)):
        for window in (row.largest, row.largest + 256):
            if 0 < window <= SHAPE.window:
                assert fits(window)[row.engine, row.format] == (window == row.largest)


def test_a_window_beyond_the_model_is_refused():
    with pytest.raises(UsageError, match="made for 131072 tokens"):
        rows(SHAPE, Machine(24 * GIB), Wanted(200_000))


def test_a_mac_lets_its_gpu_use_more_of_much_memory():
    assert share(32 * GIB) < share(64 * GIB)
