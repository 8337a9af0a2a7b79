"""Profiles of each kind for the default run; the grid plays the others too."""

from __future__ import annotations

import pytest

KINDS = ("mistral-2026-10", "vllm-0.32", "llamacpp", "transformers", "vllm-responses")


def few(names):
    """
    Values for `pytest.mark.parametrize`: profiles not in `KINDS` are part of the grid.

    Usage: `@pytest.mark.parametrize("name", few(PROFILES))`.
    """
    grid = pytest.mark.grid
    return [name if name in KINDS else pytest.param(name, marks=grid) for name in names]
