"""The dialects: one file each; `base` holds the noun."""

from contract.dialects.base import Dialect

__all__ = ["Dialect"]
