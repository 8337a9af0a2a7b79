"""The targets: one file per kind; `base` holds the noun."""

from contract.targets.base import Opened, Target

__all__ = ["Opened", "Target"]
