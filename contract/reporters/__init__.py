"""The reporters: one file per kind of report; `base` holds the noun."""

from contract.reporters.base import Reporter

__all__ = ["Reporter"]
