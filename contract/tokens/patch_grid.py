"""Patch grids of images, by the way in which each engine resizes them."""

from __future__ import annotations

import math

PATCH = 28  # pixels per side of one token: patches of 14 pixels, merged 2 by 2
LONGEST = 1_540  # pixels; a longer side is reduced to it, keeping the ratio
# Bounds on the patches of an image in llama.cpp's projector of Pixtral.
FEWEST, MOST = 8, 1_024


def mistral_grid(width: int, height: int) -> tuple[int, int]:
    """
    Return columns and rows by Mistral's formula, which vLLM shares.

    *width* and *height* are pixels. The longer side is reduced to 1540 pixels, then
    every patch that was begun counts.
    """
    ratio = max(width / LONGEST, height / LONGEST)
    if ratio > 1:
        # An extreme ratio would otherwise round the shorter side to nothing.
        width = max(round(width / ratio), 1)
        height = max(round(height / ratio), 1)
    return (width - 1) // PATCH + 1, (height - 1) // PATCH + 1


def llamacpp_grid(width: int, height: int) -> tuple[int, int]:
    """
    Return columns and rows as llama.cpp's server resizes images for Pixtral.

    *width* and *height* are pixels. Each side is rounded to whole patches; an image of
    too few patches is enlarged and one of too many is reduced, keeping the ratio.
    """
    # Half a patch counts as one; Python would round it to an even number.
    columns = max((width + PATCH // 2) // PATCH, 1)
    rows = max((height + PATCH // 2) // PATCH, 1)
    if FEWEST <= columns * rows <= MOST:
        return columns, rows
    fewer = columns * rows > MOST
    area = PATCH * PATCH * (MOST if fewer else FEWEST)
    # Multiplication by the inverse would lose a patch of a side that fits exactly.
    ratio = math.sqrt(width * height / area)
    whole = math.floor if fewer else math.ceil
    return max(whole(width / ratio / PATCH), 1), max(whole(height / ratio / PATCH), 1)


def token_cost(grid: tuple[int, int]) -> int:
    """Return the tokens of a grid of (columns, rows): each row ends in a break."""
    columns, rows = grid
    return (columns + 1) * rows
