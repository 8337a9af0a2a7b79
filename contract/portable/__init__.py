"""
Portable requirements: JSON Schemas of one reply, for judges and for Postman scripts.

Imports: errors, model, plugins, schema. Third parties: jsonschema_rs.
"""

from contract.portable.assembly import assemble
from contract.portable.requirement import (
    PORTABLE,
    Requirement,
    Verdict,
    decided,
    verdict_of,
)
from contract.portable.script import VARIABLE, asks, prelude, share, test_script

__all__ = [
    "PORTABLE",
    "VARIABLE",
    "Requirement",
    "Verdict",
    "asks",
    "assemble",
    "decided",
    "prelude",
    "share",
    "test_script",
    "verdict_of",
]
