"""No fingerprint of servers without a reasoning parser: they are chosen by name."""

from __future__ import annotations

from contract.model.provider import Evidence, Fingerprint, Match


def recognise(_evidence: Evidence) -> Match | None:
    """Return None: only an answer shows whether reasoning stays in the content."""
    return None


FINGERPRINT = Fingerprint(recognise=recognise, order=100)
