"""
The requirements: what to send, how to judge, and the fault of each.

Imports: model, schema, strategies, tokens.
"""

from contract.model.check import (
    Check,
    Fault,
    Finding,
)

__all__ = ["Check", "Fault", "Finding"]
