"""Strategies that cut bytes into portions, as networks do."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def cuts(data: bytes) -> SearchStrategy[tuple[bytes, ...]]:
    """Draw *data* in portions, which may be empty; joined they are *data* again."""
    from hypothesis import strategies as st

    places = st.lists(st.integers(0, len(data)), max_size=8)
    return places.map(lambda chosen: pieces(data, chosen))


def pieces(data: bytes, places: list[int]) -> tuple[bytes, ...]:
    """Return *data* cut at the offsets *places*, in any order, with repetitions."""
    marks = [0, *sorted(places), len(data)]
    return tuple(data[start:end] for start, end in itertools.pairwise(marks))
