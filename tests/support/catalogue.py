"""Every installed check, fault and profile, for the laws and the kill matrix."""

from __future__ import annotations

from contract.catalog.profiles import builtin
from contract.model.check import Check, Fault, Quirk
from contract.plugins.discovery import find
from contract.testing import laws, rehearsal

CHECKS = find("checks", Check)
FAULTS = find("checks", Fault)
QUIRKS = find("quirks", Quirk)
PROFILES = builtin()
DIALECTS = laws.representatives()
PROPERTIES = frozenset(c.id for c in CHECKS.values() if laws.judges_anything(c))


def may_break(fault):
    """
    The checks that a fault is judged by.

    A property or a corpus judges any request, as others do one: their faults break it.
    """
    return {
        name: check
        for name, check in CHECKS.items()
        if name not in PROPERTIES or fault.breaks.id in PROPERTIES
    }


def outcomes(name):
    """The result of each check on a profile's own mock."""
    return rehearsal.outcomes(name, CHECKS)
