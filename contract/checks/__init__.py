"""The checks: one file per family; `base` holds the noun."""

from contract.checks.base import Check, Fault, Finding

__all__ = ["Check", "Fault", "Finding"]
