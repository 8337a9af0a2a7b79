"""How many cells an image is cut into, by the way each engine resizes it."""

from __future__ import annotations

import math

PATCH = 28  # pixels a side that become one token: patches of 14, merged 2 by 2
LONGEST = 1_540  # pixels; a longer side is shrunk to it, keeping the ratio
# llama.cpp's projector of Pixtral keeps every image between these many cells.
FEWEST, MOST = 8, 1_024


def mistral_grid(width: int, height: int) -> tuple[int, int]:
    """
    Columns and rows by Mistral's formula, which vLLM shares.

    The longer side is shrunk to 1540 pixels, then every cell that was begun counts.
    """
    ratio = max(width / LONGEST, height / LONGEST)
    if ratio > 1:
        # An extreme ratio would otherwise round the shorter side to nothing.
        width = max(round(width / ratio), 1)
        height = max(round(height / ratio), 1)
    return (width - 1) // PATCH + 1, (height - 1) // PATCH + 1


def llamacpp_grid(width: int, height: int) -> tuple[int, int]:
    """
    Columns and rows as llama.cpp's server resizes for Pixtral.

    Each side is rounded to whole cells; an image of too few cells is enlarged and
    one of too many is shrunk, keeping the ratio.
    """
    # Half a cell counts as one; Python would round it to an even number.
    columns = max((width + PATCH // 2) // PATCH, 1)
    rows = max((height + PATCH // 2) // PATCH, 1)
    if FEWEST <= columns * rows <= MOST:
        return columns, rows
    fewer = columns * rows > MOST
    area = PATCH * PATCH * (MOST if fewer else FEWEST)
    # Multiplied by the inverse, a side that fits exactly would lose a cell.
    ratio = math.sqrt(width * height / area)
    whole = math.floor if fewer else math.ceil
    return max(whole(width / ratio / PATCH), 1), max(whole(height / ratio / PATCH), 1)


def token_cost(cells: tuple[int, int]) -> int:
    """Tokens of an image of that many columns and rows: each row ends in a break."""
    columns, rows = cells
    return (columns + 1) * rows
