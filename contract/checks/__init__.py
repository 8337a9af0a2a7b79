"""
The checks and their faults, one package for each family.

Imports: model, portable, schema, strategies, tokens.
"""

from contract.model.check import Check, Fault, Finding

__all__ = ["Check", "Fault", "Finding"]
