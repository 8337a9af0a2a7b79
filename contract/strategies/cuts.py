"""The ways in which a network cuts bytes into pieces."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def cuts(data: bytes) -> SearchStrategy[tuple[bytes, ...]]:
    """*data* in pieces, which may be empty; joined they are *data* again."""
    from hypothesis import strategies as st

    places = st.lists(st.integers(0, len(data)), max_size=8)
    return places.map(lambda chosen: pieces(data, chosen))


def pieces(data: bytes, places: list[int]) -> tuple[bytes, ...]:
    """*data* cut at *places*, in any order and however often."""
    marks = [0, *sorted(places), len(data)]
    return tuple(data[start:end] for start, end in itertools.pairwise(marks))
