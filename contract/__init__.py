"""Proves that an LLM chat endpoint keeps its contract."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
