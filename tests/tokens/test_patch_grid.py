"""Patch grids of images, as measured with mistral-common, vLLM and llama.cpp."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.tokens.patch_grid import (
    FEWEST,
    LONGEST,
    MOST,
    llamacpp_grid,
    mistral_grid,
    token_cost,
)

SIDES = st.integers(1, 8_000)


@pytest.mark.parametrize(
    ("width", "height", "vllm", "llamacpp"),
    [
        (1, 1, 2, 12),
        (27, 27, 2, 12),
        (28, 28, 2, 12),
        (29, 29, 6, 12),
        (100, 60, 15, 10),
        (56, 84, 9, 16),
        (84, 56, 8, 15),
        (28, 280, 20, 20),
        (280, 28, 11, 11),
        (1_540, 28, 56, 56),
        (1_541, 28, 56, 56),
        (3_000, 1_000, 1_064, 1_008),
        (2_000, 1, 56, 72),
        (1, 2_000, 110, 142),
        (354, 1_694, 715, 854),
        (1_600, 1_600, 3_080, 1_056),
    ],
)
def test_cost_is_what_the_engines_reported(width, height, vllm, llamacpp):
    assert token_cost(mistral_grid(width, height)) == vllm
    assert token_cost(llamacpp_grid(width, height)) == llamacpp


@given(SIDES, SIDES)
def test_no_side_has_more_patches_than_the_longest(width, height):
    columns, rows = mistral_grid(width, height)

    assert 1 <= columns <= LONGEST // 28
    assert 1 <= rows <= LONGEST // 28


@given(SIDES, SIDES)
def test_clamped_grid_stays_between_the_bounds(width, height):
    columns, rows = llamacpp_grid(width, height)

    # A side has at least one patch, so a very narrow image may exceed the maximum.
    assert columns * rows >= FEWEST
    assert columns * rows <= MOST or 1 in {columns, rows}


@given(SIDES, SIDES)
def test_a_rotated_image_has_a_rotated_grid(width, height):
    assert mistral_grid(width, height) == mistral_grid(height, width)[::-1]
    assert llamacpp_grid(width, height) == llamacpp_grid(height, width)[::-1]
